/**
 * What of an image a repository in ECR lacks: manifests first, then the blobs that they name.
 *
 * A pull-through cache may hold a manifest whose layers have not come yet; a task that began to pull then would have to
 * fetch them itself, and has neither the right nor, perhaps, the way.
 */

import { type Digest, digestOf } from "../image/digest.ts";
import { type Platform, printPlatform } from "../image/platform.ts";
import { blobsOf, childFor, isAttestation, type ParsedManifest, parseManifest } from "../oci/manifest.ts";

export type ManifestBytes = { readonly bytes: Uint8Array; readonly mediaType: string };

export type Blobs =
  | { readonly kind: "known"; readonly digests: readonly Digest[] }
  | { readonly kind: "lacking"; readonly because: string };

/**
 * The blobs of an image, for those of some platforms that it has, or for all. Asks `fetchManifest` for each manifest, and checks its bytes;
 * what that throws passes through, and so does InvalidInput for a manifest that cannot be read.
 */
export async function blobsOfImage(
  digest: Digest,
  platforms: readonly Platform[],
  fetchManifest: (digest: Digest) => Promise<ManifestBytes | { readonly because: string }>,
): Promise<Blobs> {
  const top = await read(digest, fetchManifest);
  if ("because" in top) return { kind: "lacking", because: top.because };
  if (top.kind === "image") return { kind: "known", digests: blobsOf(top).map((blob) => blob.digest) };
  const chosen = platforms.flatMap((platform) => childFor(top, platform) ?? []);
  if (platforms.length > 0 && chosen.length === 0) {
    return { kind: "lacking", because: `the image has no ${platforms.map(printPlatform).join(", no ")}` };
  }
  const wanted = platforms.length === 0 ? top.children.filter((one) => !isAttestation(one)) : chosen;
  const digests = new Set<Digest>();
  for (const one of wanted) {
    const manifest = await read(one.digest, fetchManifest);
    if ("because" in manifest) return { kind: "lacking", because: manifest.because };
    if (manifest.kind === "image") for (const blob of blobsOf(manifest)) digests.add(blob.digest);
  }
  return { kind: "known", digests: [...digests] };
}

async function read(
  digest: Digest,
  fetchManifest: (digest: Digest) => Promise<ManifestBytes | { readonly because: string }>,
): Promise<ParsedManifest | { readonly because: string }> {
  const manifest = await fetchManifest(digest);
  if ("because" in manifest) return manifest;
  if (digestOf(manifest.bytes) !== digest) return { because: `its bytes are not those of ${digest}` };
  return parseManifest(manifest.bytes, manifest.mediaType);
}
