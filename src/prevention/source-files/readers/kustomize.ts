/**
 * A kustomization's `images`: what takes the place of a name in the manifests. https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/
 * (read 2026-11). The name itself is what is looked for, so it must stay: only a `newName` can be edited. A `newName` alone keeps
 * the tag of the manifest, which this file does not say.
 */

import { membersOf } from "../../../runtime/json.ts";
import { listOf, type SourceDocument } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { foundImage, type Piece } from "../pieces.ts";
import { piecesOf, withoutTarget } from "./document-reader.ts";

const TAG_OF_MANIFEST: readonly Piece[] = [{ known: ":" }, { unknown: "…" }];

export function kustomizeImages(document: SourceDocument): readonly FoundImage[] {
  return listOf(membersOf(document.value).images).flatMap((entry, index) => {
    const part = (key: string) => document.scalarAt(["images", index, key]);
    const { newName, newTag, digest } = membersOf(entry);
    const named = part("newName") ?? part("name");
    const hasTag = newTag != null || digest != null;
    if (named === undefined || (newName === undefined && !hasTag)) return [];
    const after = (mark: string, key: string): readonly Piece[] => {
      const scalar = part(key);
      return scalar === undefined ? [] : [{ known: mark }, ...piecesOf(scalar)];
    };
    const pieces = [
      ...piecesOf(named),
      ...(digest == null && newTag != null ? after(":", "newTag") : []),
      ...(digest == null ? [] : after("@", "digest")),
      ...(hasTag ? [] : TAG_OF_MANIFEST),
    ];
    const range = named.at(0, named.text.length) ?? named.range;
    const found = foundImage({
      pieces,
      written: hasTag
        ? pieces.map((piece) => ("known" in piece ? piece.known : piece.unknown)).join("")
        : named.text,
      range,
      place: `images.${index}`,
    });
    if (found === undefined) return [];
    return [part("newName") === undefined ? withoutTarget(found, "matched-by-name") : found];
  });
}
