/**
 * A buildspec of CodeBuild: the images of a batch's builds, and those that its commands pull, which are only reported.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html, batch-build-buildspec.html (read 2026-11)
 */

import { membersOf } from "../../../runtime/json.ts";
import { listOf, type Pointer, type SourceDocument } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { foundImage, literalPieces } from "../pieces.ts";
import { imageAt, partOf, withoutTarget } from "./document-reader.ts";

export function buildspecImages(document: SourceDocument): readonly FoundImage[] {
  const { batch, phases } = membersOf(document.value);
  const builds = ["build-list", "build-graph"].flatMap((kind) =>
    listOf(membersOf(batch)[kind]).flatMap((_, index) =>
      ofBuild(document, ["batch", kind, index, "env", "image"]),
    ),
  );
  const matrix = membersOf(
    membersOf(membersOf(membersOf(membersOf(batch)["build-matrix"]).dynamic).env),
  ).image;
  return [
    ...builds,
    ...ofBuild(document, ["batch", "build-matrix", "static", "env", "image"]),
    ...listOf(matrix).flatMap((_, index) =>
      ofBuild(document, ["batch", "build-matrix", "dynamic", "env", "image", index]),
    ),
    ...Object.keys(membersOf(phases)).flatMap((phase) =>
      ["commands", "finally"].flatMap((key) => {
        const at = ["phases", phase, key];
        const list = membersOf(membersOf(phases)[phase])[key];
        return listOf(list).flatMap((_, index) => pulledBy(document, [...at, index]));
      }),
    ),
  ];
}

/** CodeBuild's own images are not pulled from a registry of others. */
function ofBuild(document: SourceDocument, at: Pointer): readonly FoundImage[] {
  return imageAt(document, at).filter(({ written }) => !written.startsWith("aws/codebuild/"));
}

const PULL =
  /\b(?:docker|podman|crane|skopeo)[ \t]+(?:image[ \t]+)?pull[ \t]+(?:(?:--platform[ =]\S+|-q|--quiet)[ \t]+)*["']?([^\s"';|&-][^\s"';|&]*)/g;

function pulledBy(document: SourceDocument, at: Pointer): readonly FoundImage[] {
  const scalar = document.scalarAt(at);
  if (scalar === undefined || scalar.text.length > 20_000) return [];
  return [...scalar.text.matchAll(PULL)].flatMap((found) => {
    const image = found[1] ?? "";
    const start = found.index + found[0].length - image.length;
    const part = partOf(scalar, start, start + image.length);
    const one = foundImage({
      pieces: literalPieces(image, part.at),
      written: image,
      range: part.at(0, image.length) ?? scalar.range,
      place: at.join("."),
    });
    return one === undefined ? [] : [withoutTarget(one, "by-command")];
  });
}
