/**
 * Asks one place whether it holds the image.
 *
 * A HEAD by digest decides, for it costs nothing and cannot be about other bytes; ECR's own description can only veto.
 * Docker Hub is never asked for more than a HEAD: a GET there is a pull, and pulls are what has run out.
 */

import type { Digest } from "../image/digest.ts";
import { isDockerHubFront, registryOf } from "../image/hosts.ts";
import { InvalidInput } from "../image/invalid-input.ts";
import { type Platform, printPlatform } from "../image/platform.ts";
import {
  type ImageReference,
  manifestName,
  parseReference,
  pinned,
  repositoryName,
} from "../image/reference.ts";
import { childFor, type Descriptor, type ParsedManifest, parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-types.ts";
import type { ManifestHead } from "../oci/registry.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Candidate, Found, Seen } from "../substitution/candidate.ts";
import type { Ports } from "./ports.ts";

export type LookContext = { readonly trusted?: Digest; readonly platform?: Platform };

const INDEX_BYTES_MAX = 4 * 1024 * 1024;

/** What a candidate's registry says. Never throws for what a registry answers, or does not. */
export async function look(
  candidate: Candidate,
  context: LookContext,
  ports: Pick<Ports, "registries" | "ecr">,
): Promise<Seen> {
  const place = parseReference(candidate.source ?? candidate.image);
  try {
    const seen =
      candidate.strategy === "own-copy"
        ? await lookAtCopy(place, context, ports)
        : await lookByDigest(place, context, ports);
    return seen.kind === "found" && registryOf(place.host).kind === "ecr"
      ? await vetoed(seen, place, ports)
      : seen;
  } catch (error) {
    if (error instanceof RegistryError) return refusal(error, place);
    if (error instanceof InvalidInput) {
      return {
        kind: "unreachable",
        because: `${place.host} sends a manifest that cannot be read: ${error.message}`,
      };
    }
    throw error;
  }
}

/** The trusted digest where there is one; the tag tells whether other bytes stand there instead. */
async function lookByDigest(
  place: ImageReference,
  { trusted, platform }: LookContext,
  { registries }: Pick<Ports, "registries">,
): Promise<Seen> {
  const exact = trusted === undefined ? undefined : await registries.headManifest(pinned(place, trusted));
  if (exact !== undefined) return limited(exact, place) ?? found(exact);

  const tagged = place.digest === undefined ? await registries.headManifest(place) : undefined;
  if (tagged === undefined)
    return { kind: "absent", because: `${repositoryName(place)} has no ${manifestName(place)}` };
  const seen = limited(tagged, place) ?? found(tagged);
  if (seen.kind !== "found" || platform === undefined || !seen.isIndex || isDockerHubFront(place.host))
    return seen;
  return { ...seen, ...(await childOf(pinned(place, seen.digest), platform, registries)) };
}

/** A copy of ours holds the trusted manifest itself, or one platform of it beside the index that proves it. */
async function lookAtCopy(
  place: ImageReference,
  { trusted, platform }: LookContext,
  { registries }: Pick<Ports, "registries">,
): Promise<Seen> {
  if (trusted === undefined) {
    return { kind: "unknown", because: "no digest is trusted, so a copy cannot be recognised" };
  }
  const whole = await registries.headManifest(pinned(place, trusted));
  if (whole !== undefined && (await isComplete(whole, place, registries))) return found(whole);

  const nothing: Seen = { kind: "absent", because: `${repositoryName(place)} holds no copy of it` };
  if (platform === undefined) return nothing;
  const proof = await registries.getBlob(place, trusted, INDEX_BYTES_MAX);
  if (proof === undefined) return nothing;
  const child = childIn(parseManifest(proof), platform);
  if (child === undefined)
    return { kind: "absent", because: `the trusted image has no ${printPlatform(platform)}` };
  const copy = await registries.headManifest(pinned(place, child.digest));
  return copy === undefined ? nothing : { ...found(copy), childOf: trusted };
}

/**
 * Whether every platform that an index lists is there too. ECR refuses an index without its children; other registries
 * do not, and some serve any blob of the repository as a manifest, the index that is kept as a proof among them.
 */
async function isComplete(
  head: ManifestHead,
  place: ImageReference,
  registries: Ports["registries"],
): Promise<boolean> {
  if (!isIndexType(head.mediaType)) return true;
  const manifest = await registries.getManifest(pinned(place, head.digest));
  const index = manifest === undefined ? undefined : parseManifest(manifest.bytes, manifest.mediaType);
  if (index?.kind !== "index") return false;
  for (const { digest } of index.children) {
    if ((await registries.headManifest(pinned(place, digest))) === undefined) return false;
  }
  return true;
}

function found({ digest, mediaType }: ManifestHead): Found {
  return { kind: "found", digest, isIndex: isIndexType(mediaType) };
}

async function childOf(
  index: ImageReference,
  platform: Platform,
  registries: Ports["registries"],
): Promise<{ platformDigest?: Digest }> {
  const manifest = await registries.getManifest(index);
  const child =
    manifest === undefined ? undefined : childIn(parseManifest(manifest.bytes, manifest.mediaType), platform);
  return child === undefined ? {} : { platformDigest: child.digest };
}

function childIn(manifest: ParsedManifest, platform: Platform): Descriptor | undefined {
  return manifest.kind === "index" ? childFor(manifest, platform) : undefined;
}

/** A source with nothing left is not asked again: its HEAD says so for free. */
function limited({ quota }: ManifestHead, place: ImageReference): Seen | undefined {
  if (quota === undefined || quota.remaining > 0) return undefined;
  const hours =
    quota.windowSeconds === undefined ? "" : ` in ${Math.round(quota.windowSeconds / 3600)} hours`;
  return {
    kind: "rate-limited",
    because: `${place.host} grants no more pulls here (0 of ${quota.limit}${hours} left)`,
  };
}

async function vetoed(seen: Found, place: ImageReference, { ecr }: Pick<Ports, "ecr">): Promise<Seen> {
  const status = await ecr.imageStatus(place.path, seen.digest);
  return status === "archived" ? { kind: "archived", because: "ECR has archived the image" } : seen;
}

function refusal(error: RegistryError, place: ImageReference): Seen {
  switch (error.kind) {
    case "rate-limited":
      return { kind: "rate-limited", because: `${place.host} refuses: its rate limit is reached` };
    case "unauthorized":
    case "denied":
      return { kind: "denied", because: `${place.host} denies access to ${place.path}` };
    case "absent":
      return { kind: "absent", because: `${place.host} has no ${place.path}` };
    default:
      return { kind: "unreachable", because: error.message };
  }
}
