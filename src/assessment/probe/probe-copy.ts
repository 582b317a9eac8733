/** Asks a copy of ours: it holds the trusted manifest itself, or what is needed of it with the index that proves it. */

import type { Digest } from "../../image/digest.ts";
import { type Platform, printPlatform } from "../../image/platform.ts";
import { type ImageReference, pinToDigest } from "../../image/reference.ts";
import { parseManifest } from "../../oci/client/manifest.ts";
import { isIndexType } from "../../oci/client/media-types.ts";
import type { ManifestHead } from "../../oci/client/types.ts";
import { indexSubset } from "../../oci/copy/index-subset.ts";
import type { ProbeResult } from "../../substitution/candidate.ts";
import type { ProbePorts } from "../ports.ts";
import { archivedImage, checkArchived } from "./archived.ts";
import { manifestForOne, withAvailablePlatforms } from "./available-platforms.ts";
import { found } from "./found.ts";
import type { ProbeContext } from "./probe-context.ts";

const INDEX_BYTES_MAX = 4 * 1024 * 1024;

export async function probeCopy(
  place: ImageReference,
  { trusted, platforms, isNew = false }: ProbeContext,
  { registries, ecr }: ProbePorts,
): Promise<ProbeResult> {
  if (trusted === undefined) {
    return {
      kind: "unknown",
      code: "no-digest",
      because: "the expected digest is not known, so a copy cannot be verified",
    };
  }
  const whole = await registries.headManifest(pinToDigest(place, trusted));
  // Asked first: an archived image cannot be read, and would seem to be incomplete.
  const archived = await archivedImage(trusted, place, ecr);
  if (whole !== undefined && archived === undefined && (await isComplete(whole, place, registries))) {
    const seen = found(whole);
    const fit = isNew
      ? await withAvailablePlatforms(seen, place, { trusted, platforms, isNew }, registries)
      : seen;
    return fit.kind === "found" ? seen : fit;
  }
  const tagged = await probeTag(place, trusted, platforms, registries);
  if (tagged?.kind === "found" && tagged.platformDigest === trusted)
    return await checkArchived(tagged, place, ecr);
  const nothing: ProbeResult = archived ?? tagged ?? { kind: "absent", because: "no copy exists" };
  if (platforms.length === 0) return nothing;
  const proof = await registries.getBlob(place, trusted, INDEX_BYTES_MAX);
  if (proof === undefined) return nothing;
  const part = indexSubset({ bytes: proof }, platforms);
  if (part === undefined) {
    const names = platforms.map(printPlatform).join(", no ");
    const because = `the expected image has no ${names}`;
    return { kind: "absent", ...(isNew ? { code: "no-platform" } : {}), because };
  }
  const copy = await registries.headManifest(pinToDigest(place, part.digest));
  const archivedPart = await archivedImage(part.digest, place, ecr);
  if (archivedPart !== undefined)
    return {
      ...archivedPart,
      archived: [archived, archivedPart].flatMap((one) => one?.archived ?? []),
    };
  return copy === undefined ? nothing : { ...found(copy), childOf: trusted };
}

/** What the tag has where the digest is absent: an index that lists it, or other bytes. */
async function probeTag(
  place: ImageReference,
  trusted: Digest,
  platforms: readonly Platform[],
  registries: ProbePorts["registries"],
): Promise<ProbeResult | undefined> {
  if (place.tag === undefined) return undefined;
  const head = await registries.headManifest(place);
  if (head === undefined || head.digest === trusted) return undefined;
  const seen = found(head);
  if (!seen.isIndex) return seen;
  const child = await manifestForOne(place, seen.digest, platforms, registries);
  // A child under its own name is a copy too, and nothing needs to be known of the rest.
  const isWhole = child.platformDigest === trusted && (await isComplete(head, place, registries));
  return isWhole ? { ...seen, ...child } : seen;
}

/**
 * Whether every platform that an index lists is there too. ECR refuses an index without its children; other registries
 * do not, and some serve any blob of the repository as a manifest, the index that is kept as a proof among them.
 */
async function isComplete(
  head: ManifestHead,
  place: ImageReference,
  registries: ProbePorts["registries"],
): Promise<boolean> {
  if (!isIndexType(head.mediaType)) return true;
  const manifest = await registries.getManifest(pinToDigest(place, head.digest));
  const index = manifest === undefined ? undefined : parseManifest(manifest.bytes, manifest.mediaType);
  if (index?.kind !== "index") return false;
  for (const { digest } of index.children) {
    if ((await registries.headManifest(pinToDigest(place, digest))) === undefined) return false;
  }
  return true;
}
