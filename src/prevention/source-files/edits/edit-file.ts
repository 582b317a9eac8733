/**
 * Writes replacements into a file's text, and reads the result again: exactly the images that were to change have changed, and
 * nothing else of what the file says, or there is no result.
 */

import { canonicalName, parseReference, tryParseReference } from "../../../image/reference.ts";
import { wordsOf } from "../documents/words.ts";
import { syntaxOf } from "../file-kind.ts";
import { readSourceFile, type SourceFile, type SourceImage } from "../read-source-file.ts";
import { type Edit, sorted, splice } from "./splice.ts";

export type Change = { readonly image: SourceImage; readonly writes: string };

export type Edited =
  | { readonly kind: "edited"; readonly text: string; readonly edits: readonly Edit[] }
  | { readonly kind: "refused"; readonly because: string };

/** The edit of one image; undefined where it cannot be written there. */
export function editOf({ target, image }: SourceImage, writes: string): Edit | undefined {
  if (target === undefined || image === undefined) return undefined;
  const { start, end } = target;
  if (target.holds === "reference") return { start, end, text: writes };
  // The tag stays where it is, and it has to be the same.
  const [before, after] = [parseReference(image), tryParseReference(writes)];
  if (after === undefined || after.digest !== undefined || after.tag !== before.tag) return undefined;
  return { start, end, text: canonicalName({ host: after.host, path: after.path }) };
}

export function editFile(file: SourceFile, changes: readonly Change[]): Edited {
  const edits = sorted(changes.flatMap(({ image, writes }) => editOf(image, writes) ?? []));
  if (edits.length === 0) return { kind: "refused", because: "nothing in it can be edited" };
  if (edits.some((edit, at) => edit.start < (edits[at - 1]?.end ?? 0)))
    return { kind: "refused", because: "two images are written by the same words" };
  const text = splice(file.text, edits);
  const because = objection(file, text, changes, edits);
  return because === undefined ? { kind: "edited", text, edits } : { kind: "refused", because };
}

function objection(
  file: SourceFile,
  text: string,
  changes: readonly Change[],
  edits: readonly Edit[],
): string | undefined {
  const [before, after] = [readSourceFile(file), readSourceFile({ ...file, text })];
  if (before.kind !== "read" || after.kind !== "read") return "the edited file could not be read again";
  const wanted = new Map(changes.map(({ image, writes }) => [keyOf(image), canonical(writes)]));
  const isAsMeant =
    before.images.length === after.images.length &&
    before.images.every((image, at) => {
      const now = after.images[at];
      const meant = wanted.get(keyOf(image)) ?? canonical(image.image);
      return now?.place === image.place && now.source === image.source && canonical(now.image) === meant;
    });
  if (!isAsMeant) return "the edited file would pull other images than were meant";
  return saysTheSame(file, text, edits) ? undefined : "the edit would change more than the images";
}

/**
 * The file's words are what they were but for the edits: with a mark in the place of each edit, the words are those of the
 * file before where the mark is what was there, and those of the file after where it is what was written.
 */
function saysTheSame(file: SourceFile, text: string, edits: readonly Edit[]): boolean {
  const syntax = syntaxOf(file.path) ?? "yaml";
  const marks = edits.map((edit, at) => ({ ...edit, text: `repull.invalid/mark-${at}-x` }));
  const marked = wordsOf(splice(file.text, marks), syntax);
  if (marked === undefined) return false;
  const worded = (texts: readonly string[]): readonly string[] =>
    marked.map((word) => word.replace(/repull\.invalid\/mark-(\d+)-x/g, (_, at) => texts[Number(at)] ?? ""));
  const before = worded(edits.map(({ start, end }) => file.text.slice(start, end)));
  const after = worded(edits.map((edit) => edit.text));
  return same(before, wordsOf(file.text, syntax)) && same(after, wordsOf(text, syntax));
}

function same(one: readonly string[], other: readonly string[] | undefined): boolean {
  return one.length === other?.length && one.every((word, at) => word === other[at]);
}

/** Docker Hub's images have a short name and a long one. */
function canonical(image: string | undefined): string | undefined {
  const reference = tryParseReference(image);
  return reference === undefined ? image : canonicalName(reference);
}

function keyOf({ range, image, place }: SourceImage): string {
  return `${range.start} ${range.end} ${image ?? ""} ${place}`;
}
