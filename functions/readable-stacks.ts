/**
 * Stack traces that name the lines of the sources, by the maps next to the bundles, read when a trace is first asked for.
 *
 * Node's own `--enable-source-maps` reads and parses the map of every file that it loads, at every start, and counts the lines
 * of the file: 10 ms of `detect`, 20 of `remediate` (docs/bundles.md). Few invocations ever show a trace.
 */

import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";

const FRAME = /(file:\/\/[^\s()]+):(\d+):(\d+)/;

/** From now on, in this process. */
export function makeStacksReadable(): void {
  const maps = new Map<string, SourceMap | undefined>();
  const readable = (frame: string): string =>
    frame.replace(FRAME, (all, file: string, line: string, column: string) => {
      const map = maps.has(file) ? maps.get(file) : readMap(file);
      maps.set(file, map);
      const origin = map?.findOrigin(Number(line), Number(column));
      if (origin === undefined || !("fileName" in origin)) return all;
      return `${origin.fileName.replace(/^(?:\.\.\/)+/, "")}:${origin.lineNumber}:${origin.columnNumber}`;
    });
  Error.prepareStackTrace = (error, frames) =>
    [String(error), ...frames.map((frame) => `    at ${readable(String(frame))}`)].join("\n");
}

/** Undefined for a file without one: its frames stay as they are. */
function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(new URL(`${file}.map`), "utf8")));
  } catch {
    return undefined;
  }
}
