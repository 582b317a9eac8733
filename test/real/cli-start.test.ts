/** What the built command line reads before it does anything. Needs `npm run build`. */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const dist = (name: string): string => fileURLToPath(new URL(`../../dist/cli/${name}`, import.meta.url));

/** The pieces that come with one, by static imports. */
function loadedWith(first: string): readonly string[] {
  const loaded = new Set<string>();
  const due = [first];
  for (let name = due.pop(); name !== undefined; name = due.pop()) {
    if (loaded.has(name)) continue;
    loaded.add(name);
    for (const [, piece = ""] of readFileSync(dist(name), "utf8").matchAll(/(?:from|import)"\.\/([^"]+)"/g))
      due.push(piece);
  }
  return [...loaded];
}

/** 127 kB when it was written; with the schemas of outcomes and their library it was 194. */
const START_KILOBYTES_MAX = 140;

test(`every command starts with two files of at most ${START_KILOBYTES_MAX} kB, and with no library for schemas`, () => {
  const pieces = loadedWith("repull.mjs");
  // Each file costs Node 0.4 ms of CPU to find, read and link.
  expect(pieces).toHaveLength(2);
  const sources = pieces.flatMap(
    (piece) => (JSON.parse(readFileSync(dist(`${piece}.map`), "utf8")) as { sources: string[] }).sources,
  );
  expect(sources.filter((source) => /node_modules\/(?:zod|@aws-sdk)\//.test(source))).toEqual([]);
  expect(sources.map((source) => basename(source))).toContain("command.js");
  const bytes = pieces.reduce((sum, piece) => sum + readFileSync(dist(piece)).byteLength, 0);
  expect(bytes / 1000).toBeLessThanOrEqual(START_KILOBYTES_MAX);
});
