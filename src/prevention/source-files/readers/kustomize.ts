/**
 * A kustomization's `images`: what takes the place of a name in the manifests. https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/
 * (read 2026-11). The name itself is what is looked for, so it must stay: only a `newName` can be edited.
 */

import { listOf, membersOf, type SourceDocument } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { foundImage, type Piece } from "../pieces.ts";
import { piecesOf, withoutTarget } from "./document-reader.ts";

export function kustomizeImages(document: SourceDocument): readonly FoundImage[] {
  return listOf(membersOf(document.value).images).flatMap((entry, index) => {
    const part = (key: string) => document.scalarAt(["images", index, key]);
    const { newTag, digest } = membersOf(entry);
    const named = part("newName") ?? part("name");
    if (named === undefined) return [];
    const after = (mark: string, key: string): readonly Piece[] => {
      const scalar = part(key);
      return scalar === undefined ? [] : [{ known: mark }, ...piecesOf(scalar)];
    };
    const pieces = [
      ...piecesOf(named),
      ...(digest == null && newTag != null ? after(":", "newTag") : []),
      ...(digest == null ? [] : after("@", "digest")),
    ];
    const range = named.at(0, named.text.length) ?? named.range;
    const found = foundImage({
      pieces,
      written: pieces.map((piece) => ("known" in piece ? piece.known : piece.unknown)).join(""),
      range,
      place: `images.${index}`,
    });
    if (found === undefined) return [];
    return [part("newName") === undefined ? withoutTarget(found, "matched-by-name") : found];
  });
}
