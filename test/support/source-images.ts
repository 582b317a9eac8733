/** What a reader finds in a text, as rows that can be read: `2:6 FROM nginx:1`, with marks for what is not as usual. */

import { linesOf } from "../../src/prevention/source-files/positions.ts";
import { readSourceFile, type SourceImage } from "../../src/prevention/source-files/read-source-file.ts";

/**
 * `LINE:COLUMN PLACE IMAGE`; after it `edits WORDS` where the words to edit are not the image itself, `not edited` where there are
 * none, `at HOST` for the registry of an image that is not known, and the codes. A file that is not read is one row of why.
 */
export function imagesIn(path: string, text: string, env?: string): readonly string[] {
  const read = readSourceFile({ path, text, ...(env === undefined ? {} : { env }) });
  const lines = linesOf(text);
  if (read.kind === "skipped") return [`skipped ${read.because}`];
  if (read.kind === "unreadable") return [`unreadable at ${lines.position(read.offset).line}`];
  return read.images.map((image) => {
    const { line, column } = lines.position(image.range.start);
    const words = [`${line}:${column}`, image.place, image.image ?? image.written, ...marksOf(image, text)];
    return [...words, ...(image.codes.length === 0 ? [] : [`(${image.codes.join(", ")})`])].join(" ");
  });
}

function marksOf({ image, target, registry }: SourceImage, text: string): readonly string[] {
  if (image === undefined) return registry === undefined ? [] : [`at ${registry}`];
  if (target === undefined) return ["not edited"];
  const words = text.slice(target.start, target.end);
  return words === image ? [] : [`edits ${words}`];
}
