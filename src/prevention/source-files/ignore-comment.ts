/**
 * `# repull: ignore REASON`: at the end of the image's line, or alone on the line above it. A Dockerfile has comments only on
 * lines of their own. Without a reason it counts for nothing.
 */

import type { Range } from "./found-image.ts";
import type { Lines } from "./positions.ts";

const COMMENT = /(?:^|\s)(?:#|\/\/)[ \t]*repull:[ \t]*ignore(?:[ \t]+(\S.*))?$/;

export function ignoreReason({ start, end }: Range, lines: Lines): string | undefined {
  const [first, last] = [lines.position(start).line, lines.position(end).line];
  const onLine = (line: number): string | undefined => COMMENT.exec(bounded(lines.textOf(line)))?.[1]?.trim();
  const above = bounded(lines.textOf(first - 1));
  return onLine(last) ?? (/^\s*(?:#|\/\/)/.test(above) ? COMMENT.exec(above)?.[1]?.trim() : undefined);
}

/** A line of a megabyte has no comment for people. */
function bounded(line = ""): string {
  return line.length > 4000 ? "" : line.trimEnd();
}
