/**
 * An index of some platforms of an image.
 *
 * ECR refuses an index whose children it does not hold, so a copy of two platforms out of ten cannot be named by the
 * image's own index: it gets one that lists the same manifests and leaves the others out. The image's index and the
 * platforms determine its bytes, so that a later run finds the copy by its digest. What the index does not distinguish,
 * such as builds of Windows where the host's is not known, stays together.
 */

import { type Digest, digestOf } from "../../image/digest.ts";
import type { Platform } from "../../image/platform.ts";
import { type Descriptor, parseManifest } from "../client/manifest.ts";
import { platformChildren } from "../client/platform-children.ts";

export type IndexSubset = {
  /** What represents the part: the one manifest that it is, or an index of several. */
  readonly digest: Digest;
  /** The manifests that the image has for these platforms, in the index's own order; at least one. */
  readonly children: readonly Descriptor[];
  /** Where there are several: the index that lists them. */
  readonly index?: { readonly bytes: Uint8Array; readonly mediaType: string };
};

/**
 * The part of an index that these platforms need; undefined where the image is for none of them, or is not an index.
 * Throws InvalidInput for what is not a manifest.
 */
export function indexSubset(
  { bytes, mediaType: said }: { readonly bytes: Uint8Array; readonly mediaType?: string },
  platforms: readonly Platform[],
): IndexSubset | undefined {
  const index = parseManifest(bytes, said);
  if (index.kind !== "index") return undefined;
  const wanted = new Set(
    platforms.flatMap((platform) => platformChildren(index, platform)).map(({ digest }) => digest),
  );
  const [first, ...others] = index.children.filter(({ digest }) => wanted.has(digest));
  if (first === undefined) return undefined;
  if (others.every(({ digest }) => digest === first.digest))
    return { digest: first.digest, children: [first] };
  const document = JSON.parse(new TextDecoder().decode(bytes)) as { manifests: { digest: string }[] };
  // What the index says of each child stays as it says it.
  const listed = document.manifests.filter(({ digest }) => wanted.has(digest as Digest));
  const part = Buffer.from(JSON.stringify({ ...document, mediaType: index.mediaType, manifests: listed }));
  return {
    digest: digestOf(part),
    children: [first, ...others],
    index: { bytes: part, mediaType: index.mediaType },
  };
}
