/**
 * What of an image a repository in ECR lacks: manifests first, then the blobs that they name.
 *
 * A pull-through cache may hold a manifest whose layers have not come yet; a task that began to pull then would have to
 * fetch them itself, and has neither the right nor, perhaps, the way.
 */

import { type Digest, digestOf } from "../../image/digest.ts";
import { type Platform, printPlatform } from "../../image/platform.ts";
import {
  blobsOf,
  type Descriptor,
  type Index,
  isAttestation,
  type ParsedManifest,
  parseManifest,
} from "../../oci/client/manifest.ts";
import { platformChildren } from "../../oci/client/platform-children.ts";
import { nestedChildren } from "../../oci/client/platform-images.ts";

export type ManifestBytes = { readonly bytes: Uint8Array; readonly mediaType: string };

export type RequiredBlobs =
  | { readonly kind: "known"; readonly digests: readonly Digest[] }
  | { readonly kind: "lacking"; readonly because: string };

/**
 * The blobs of an image, for those of some platforms that it has, or for all. Asks `fetchManifest` for each manifest, and checks its bytes;
 * what that throws passes through, and so does InvalidInput for a manifest that cannot be read.
 */
export async function requiredBlobs(
  digest: Digest,
  platforms: readonly Platform[],
  fetchManifest: (digest: Digest) => Promise<ManifestBytes | { readonly because: string }>,
): Promise<RequiredBlobs> {
  const top = await read(digest, fetchManifest);
  if ("because" in top) return { kind: "lacking", because: top.because };
  if (top.kind === "image") return { kind: "known", digests: blobsOf(top).map((blob) => blob.digest) };
  const choose = (index: Index): readonly Descriptor[] =>
    platforms.length === 0
      ? index.children.filter((one) => !isAttestation(one))
      : platforms.flatMap((platform) => platformChildren(index, platform));
  const images = new Map<Digest, ParsedManifest>();
  if (platforms.length > 0 && choose(top).length === 0)
    return { kind: "lacking", because: `the image has no ${platforms.map(printPlatform).join(", no ")}` };
  let because: string | undefined;
  const readOnce = async (wanted: Digest): Promise<ParsedManifest | undefined> => {
    const known = images.get(wanted);
    if (known !== undefined) return known;
    const manifest = await read(wanted, fetchManifest);
    if ("because" in manifest) {
      because ??= manifest.because;
      return undefined;
    }
    images.set(wanted, manifest);
    return manifest;
  };
  for await (const child of nestedChildren(top, choose, readOnce)) {
    if (because === undefined) await readOnce(child.digest);
    if (because !== undefined) return { kind: "lacking", because };
  }
  if (because !== undefined) return { kind: "lacking", because };
  const blobs = [...images.values()].flatMap((one) => (one.kind === "image" ? blobsOf(one) : []));
  return { kind: "known", digests: [...new Set(blobs.map((blob) => blob.digest))] };
}

async function read(
  digest: Digest,
  fetchManifest: (digest: Digest) => Promise<ManifestBytes | { readonly because: string }>,
): Promise<ParsedManifest | { readonly because: string }> {
  const manifest = await fetchManifest(digest);
  if ("because" in manifest) return manifest;
  if (digestOf(manifest.bytes) !== digest) return { because: `its content does not match ${digest}` };
  return parseManifest(manifest.bytes, manifest.mediaType);
}
