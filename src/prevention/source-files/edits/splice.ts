/** Words of a text changed by their offsets: nothing else of it is touched. */

import type { Range } from "../found-image.ts";

export type Edit = Range & { readonly text: string };

/** Edits of the same words by the same words are one. Two that overlap otherwise are a fault of the caller's. */
export function splice(text: string, edits: readonly Edit[]): string {
  let result = "";
  let done = 0;
  for (const edit of sorted(edits)) {
    if (edit.start < done) throw new RangeError("two edits overlap");
    result += text.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  return result + text.slice(done);
}

/** In the order of the text, each once. */
export function sorted(edits: readonly Edit[]): readonly Edit[] {
  const once = new Map(edits.map((edit) => [`${edit.start} ${edit.end} ${edit.text}`, edit]));
  return [...once.values()].sort((a, b) => a.start - b.start);
}
