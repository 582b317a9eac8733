/** What a reader of documents is: it gets one document of its kind, and lists the images in it. */

import type { Pointer, SourceDocument, SourceScalar } from "../documents/document.ts";
import type { FoundCode, FoundImage } from "../found-image.ts";
import { foundImage, literalPieces, type Piece } from "../pieces.ts";

export type FileFacts = {
  /** Relative to the root of the check, with `/`. */
  readonly path: string;
  /** The text of the `.env` next to it. */
  readonly env?: string;
};

export type DocumentReader = (document: SourceDocument, file: FileFacts) => readonly FoundImage[];

export type ImageAt = {
  readonly place?: string;
  /** How the text's variables are expanded; absent: whatever looks like a variable is unknown. */
  readonly expand?: (scalar: SourceScalar) => readonly Piece[];
  /** Before the image: `docker://`. A text without it is not an image. */
  readonly prefix?: string;
};

/** The image at a place of the document, if it is a text. */
export function imageAt(
  document: SourceDocument,
  pointer: Pointer,
  { place = pointer.join("."), expand = piecesOf, prefix = "" }: ImageAt = {},
): readonly FoundImage[] {
  const scalar = document.scalarAt(pointer);
  if (scalar === undefined || !scalar.text.startsWith(prefix)) return [];
  const image = prefix === "" ? scalar : partOf(scalar, prefix.length);
  const range = image.at(0, image.text.length) ?? scalar.range;
  const found = foundImage({ pieces: expand(image), written: image.text.trim(), range, place });
  return found === undefined ? [] : [found];
}

export function piecesOf({ text, at }: SourceScalar): readonly Piece[] {
  return literalPieces(text, at);
}

export function partOf(scalar: SourceScalar, from: number, to = scalar.text.length): SourceScalar {
  return {
    text: scalar.text.slice(from, to),
    range: scalar.range,
    at: (start, end) => scalar.at(from + start, from + end),
  };
}

/** The same image, which may not be edited. */
export function withoutTarget({ target, codes, ...found }: FoundImage, code: FoundCode): FoundImage {
  return { ...found, codes: [...new Set([...codes, code])] };
}
