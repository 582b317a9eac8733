/** A Dockerfile inside of another document's text: its images, where the outer file has them. */

import type { Pointer, SourceDocument, SourceScalar } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { DOCKERFILE_LENGTH_MAX, dockerfileImages } from "./dockerfile.ts";

export function inlineImages(document: SourceDocument, pointer: Pointer): readonly FoundImage[] {
  const scalar = document.scalarAt(pointer);
  return scalar === undefined ? [] : imagesInside(scalar, pointer.join("."));
}

export function imagesInside(scalar: SourceScalar, place: string): readonly FoundImage[] {
  if (scalar.text.length > DOCKERFILE_LENGTH_MAX)
    return [
      { written: "a Dockerfile that is too long", range: scalar.range, place, codes: ["not-checkable"] },
    ];
  return dockerfileImages(scalar.text).map(({ target, ...found }) => {
    const range = scalar.at(found.range.start, found.range.end);
    const edited = target === undefined ? undefined : scalar.at(target.start, target.end);
    return {
      ...found,
      place: `${place} ${found.place}`,
      range: range ?? scalar.range,
      ...(edited === undefined || target === undefined ? {} : { target: { ...edited, holds: target.holds } }),
      codes:
        target !== undefined && edited === undefined
          ? [...found.codes, "not-verbatim" as const]
          : found.codes,
    };
  });
}
