/** Where a part of a text is written in its file, for each way to write a text. */

import type { Range } from "../found-image.ts";
import { linesOf } from "../positions.ts";
import type { SourceScalar } from "./document.ts";

/** @param range of the text as the file has it, with quotes or the head of a block */
export function verbatimScalar(file: string, text: string, range: Range): SourceScalar {
  return { text, range, at: placesIn(file.slice(range.start, range.end), text, range.start) };
}

/** A block of lines (`|`): each line of the text is a line of the file, indented. */
export function blockScalar(file: string, text: string, range: Range): SourceScalar {
  const written = file.slice(range.start, range.end);
  const starts = bodyLines(written, text);
  const lines = linesOf(text);
  const place = placesIn(written, text, range.start);
  return {
    text,
    range,
    at: (start, end) => {
      const { line, column } = lines.position(start);
      const there = starts?.[line - 1];
      if (there === undefined || lines.position(end).line !== line) return place(start, end);
      const from = range.start + there + column - 1;
      return { start: from, end: from + (end - start) };
    },
  };
}

/** The whole text, which is looked for once, or else the part of it, where it is written exactly once. */
function placesIn(written: string, text: string, offset: number): SourceScalar["at"] {
  let whole: number | "nowhere" | undefined;
  return (start, end) => {
    whole ??= onlyIndex(written, text) ?? "nowhere";
    if (whole !== "nowhere") return { start: offset + whole + start, end: offset + whole + end };
    const part = onlyIndex(written, text.slice(start, end));
    return part === undefined ? undefined : { start: offset + part, end: offset + part + (end - start) };
  };
}

function onlyIndex(written: string, part: string): number | undefined {
  const first = part === "" ? -1 : written.indexOf(part);
  return first < 0 || written.indexOf(part, first + 1) >= 0 ? undefined : first;
}

/** For each line of the text, where its words begin in the block; undefined where they are not the same. */
function bodyLines(written: string, text: string): readonly number[] | undefined {
  let offset = written.indexOf("\n") + 1;
  const wanted = text.split("\n");
  const body = written.slice(offset).split("\n");
  const indent = Math.min(
    ...body.flatMap((line) => (line.trim() === "" ? [] : [line.length - line.trimStart().length])),
  );
  const starts: number[] = [];
  for (const [at, line] of wanted.entries()) {
    const there = body[at];
    if (there === undefined) {
      if (line !== "") return undefined;
      continue;
    }
    const words = there.replace(/\r$/, "").slice(Math.min(indent, there.length));
    if (words !== line) return undefined;
    starts.push(offset + Math.min(indent, there.length));
    offset += there.length + 1;
  }
  return starts;
}
