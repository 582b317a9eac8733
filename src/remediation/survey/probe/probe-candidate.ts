/**
 * Asks one place whether it holds the image.
 *
 * A HEAD by digest decides, for it costs nothing and cannot be about other bytes; ECR's own description can only veto.
 * Docker Hub is never asked for more than a HEAD: a GET there is a pull, and pulls are what has run out.
 */

import type { Digest } from "../../../image/digest.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import { type Platform, printPlatform } from "../../../image/platform.ts";
import {
  type ImageReference,
  parseReference,
  pinToDigest,
  repositoryName,
} from "../../../image/reference.ts";
import { isDockerHubFront, registryOf } from "../../../image/registry-hosts.ts";
import { parseManifest } from "../../../oci/client/manifest.ts";
import { isIndexType } from "../../../oci/client/media-types.ts";
import { formatPulls, type RateLimit } from "../../../oci/client/rate-limit.ts";
import { RegistryError } from "../../../oci/client/registry-error.ts";
import type { ManifestHead } from "../../../oci/client/types.ts";
import { indexSubset } from "../../../oci/copy/index-subset.ts";
import type { Candidate, Found, ProbeResult } from "../../../substitution/candidate.ts";
import { ecrPublicMirrors } from "../../../substitution/ecr-public-mirrors.ts";
import { requiredBlobs } from "../../mirror/required-blobs.ts";
import { findAwsError } from "../../ports/aws-error.ts";
import type { Ports } from "../../ports/ports.ts";
import { manifestForOne, withAvailablePlatforms } from "./available-platforms.ts";

export type ProbeContext = {
  readonly trusted?: Digest;
  /** Every platform that the tasks may run on; none: not known. */
  readonly platforms: readonly Platform[];
  /** The limit that was met is an account's. */
  readonly accountLimitReached?: boolean;
  /** Whether the owner lets a private image be copied. */
  readonly mayCopyPrivate?: boolean;
};

type Asked = Pick<Ports, "registries" | "ecr" | "anonymous">;

/** An account's limit is not cured by another pull as nobody, unless that is counted apart and some are left. */
const NO_OTHER_QUOTA =
  "the limit is an account's, and Docker Hub does not say that anonymous pulls are left to Repull";

const INDEX_BYTES_MAX = 4 * 1024 * 1024;

/** What a candidate's registry says. Throws AwsError where asking again may help, never for what a registry answers. */
export async function probeCandidate(
  candidate: Candidate,
  context: ProbeContext,
  ports: Asked,
): Promise<ProbeResult> {
  const place = parseReference(candidate.source ?? candidate.image);
  try {
    const seen = await probeBy(candidate, place, context, ports);
    return seen.kind === "found" && registryOf(place.host).kind === "ecr"
      ? await checkArchived(seen, place, ports)
      : seen;
  } catch (error) {
    return refusal(error, place);
  }
}

async function probeBy(
  candidate: Candidate,
  place: ImageReference,
  context: ProbeContext,
  ports: Asked,
): Promise<ProbeResult> {
  switch (candidate.strategy) {
    case "ecr-copy":
      return await probeCopy(place, context, ports);
    case "pull-through-cache":
      return await probeCache(place, context, ports);
    case "authenticated-pull":
      return await probeOrigin(place, context, ports);
    case "mirror": {
      const registries = candidate.anonymous ? (ports.anonymous ?? ports).registries : ports.registries;
      const seen = await probeByDigest(place, context, { registries });
      if (seen.kind !== "found") return seen;
      const asNobody = candidate.anonymous || ports.anonymous === undefined;
      if (
        context.accountLimitReached &&
        asNobody &&
        isDockerHubFront(place.host) &&
        typeof seen.pullsLeft !== "number"
      ) {
        return { kind: "unknown", because: NO_OTHER_QUOTA };
      }
      return (await privateImage(candidate, place, context, ports)) ?? seen;
    }
    case "ecr-public": {
      const seen = await probeByDigest(place, context, ports);
      return seen.kind === "found"
        ? await withAvailablePlatforms(seen, place, context, ports.registries)
        : seen;
    }
  }
}

/** The trusted digest where there is one; the tag tells whether other bytes stand there instead. */
async function probeByDigest(
  place: ImageReference,
  { trusted, platforms }: ProbeContext,
  { registries }: Pick<Ports, "registries">,
): Promise<ProbeResult> {
  const exact =
    trusted === undefined ? undefined : await registries.headManifest(pinToDigest(place, trusted));
  if (exact !== undefined) return limited(exact, place) ?? found(exact);

  const tagged = place.digest === undefined ? await registries.headManifest(place) : undefined;
  if (tagged === undefined) return { kind: "absent", because: `${place.host} does not have it` };
  const seen = limited(tagged, place) ?? found(tagged);
  if (seen.kind !== "found" || !seen.isIndex || isDockerHubFront(place.host)) return seen;
  return { ...seen, ...(await manifestForOne(place, seen.digest, platforms, registries)) };
}

/** The reference stays; where its registry does not tell us, it is the task's account that will be asked. */
async function probeOrigin(
  place: ImageReference,
  { trusted }: ProbeContext,
  { registries, anonymous }: Pick<Ports, "registries" | "anonymous">,
): Promise<ProbeResult> {
  const kept: ProbeResult =
    trusted === undefined ? { kind: "kept" } : { kind: "found", digest: trusted, isIndex: false };
  // Where there is somebody else to ask as, these registries are asked with the account itself.
  const isAccount = anonymous !== undefined;
  try {
    const head = await registries.headManifest(trusted === undefined ? place : pinToDigest(place, trusted));
    if (head !== undefined)
      return isAccount && head.quota?.remaining === 0 ? accountExhausted(head.quota) : kept;
    const lost = trusted === undefined ? "it" : "the trusted digest";
    return { kind: "absent", because: `${repositoryName(place)} no longer has ${lost}` };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.kind === "rate-limited") return isAccount ? accountExhausted() : kept;
    // That we do not get through is not said of the tasks: they did.
    if (error.kind === "unavailable" && findAwsError(error) === undefined) return kept;
    throw error;
  }
}

function accountExhausted(quota?: RateLimit): ProbeResult {
  const left = quota === undefined ? "" : `: ${formatRateLimit(quota)}`;
  return { kind: "rate-limited", because: `the configured account has no pulls left either${left}` };
}

/** An image that nobody may see without an account would be seen by all who may pull from the mirror's prefix. */
async function privateImage(
  candidate: Candidate,
  place: ImageReference,
  { trusted, mayCopyPrivate = false }: ProbeContext,
  { anonymous }: Asked,
): Promise<ProbeResult | undefined> {
  // What its publisher also keeps on ECR Public is everybody's: Docker's own images are.
  if (anonymous === undefined || candidate.anonymous || mayCopyPrivate || ecrPublicMirrors(place).length > 0)
    return undefined;
  if (registryOf(place.host).kind !== "docker-hub") return undefined;
  const asked = trusted === undefined ? place : pinToDigest(place, trusted);
  try {
    if ((await anonymous.registries.headManifest(asked)) !== undefined) return undefined;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.kind === "rate-limited") return { kind: "rate-limited", because: PERHAPS_PRIVATE };
    if (!["unauthorized", "denied", "absent"].includes(error.kind)) throw error;
  }
  return {
    kind: "denied",
    because: "it is private, and the policy does not let it be copied (registries.privateImages)",
  };
}

const PERHAPS_PRIVATE =
  "whether it is private cannot be told while Docker Hub's anonymous limit is reached for Repull too; naming it in registries.privateImages would let it be copied";

/** What a pull-through rule leads to: there with all its blobs, or to be fetched. */
async function probeCache(
  place: ImageReference,
  { trusted, platforms }: ProbeContext,
  { registries, ecr }: Asked,
): Promise<ProbeResult> {
  if (trusted === undefined)
    return {
      kind: "unknown",
      because: "no digest is known, and the cache may answer a tag with the image of a day ago",
    };
  // Without the right to import, what is not cached is not there for us.
  const head = await registries.headManifest(pinToDigest(place, trusted)).catch((error: unknown) => {
    if (error instanceof RegistryError && ["absent", "denied"].includes(error.kind)) return undefined;
    throw error;
  });
  if (head === undefined) return { kind: "fetchable" };
  const blobs = await requiredBlobs(head.digest, platforms, async (digest) => {
    const manifest = await registries.getManifest(pinToDigest(place, digest));
    return manifest ?? { because: `${digest} is not cached` };
  });
  if (blobs.kind === "lacking") return { kind: "fetchable" };
  const missing = await ecr.missingLayers(place.path, blobs.digests);
  return missing.length > 0 ? { kind: "fetchable" } : found(head);
}

/** A copy of ours holds the trusted manifest itself, or what the tasks need of it beside the index that proves it. */
async function probeCopy(
  place: ImageReference,
  { trusted, platforms }: ProbeContext,
  { registries, ecr }: Asked,
): Promise<ProbeResult> {
  if (trusted === undefined) {
    return { kind: "unknown", because: "no digest is known, so a copy cannot be told from another image" };
  }
  const whole = await registries.headManifest(pinToDigest(place, trusted));
  if (whole !== undefined) {
    // Asked first: an archived image cannot be read, and would seem to be incomplete.
    const seen = await checkArchived(found(whole), place, { ecr });
    if (seen.kind === "archived" || (await isComplete(whole, place, registries))) return seen;
  }
  const tagged = await probeTag(place, trusted, platforms, registries);
  const nothing: ProbeResult = tagged ?? { kind: "absent", because: "no copy is there" };
  if (platforms.length === 0 || (tagged?.kind === "found" && tagged.platformDigest === trusted))
    return nothing;
  const proof = await registries.getBlob(place, trusted, INDEX_BYTES_MAX);
  if (proof === undefined) return nothing;
  const part = indexSubset({ bytes: proof }, platforms);
  if (part === undefined) {
    const names = platforms.map(printPlatform).join(", no ");
    return { kind: "absent", because: `the trusted image has no ${names}` };
  }
  const copy = await registries.headManifest(pinToDigest(place, part.digest));
  return copy === undefined ? nothing : { ...found(copy), childOf: trusted };
}

/** What stands under the tag where the digest is not there: an index that lists it, or other bytes. */
async function probeTag(
  place: ImageReference,
  trusted: Digest,
  platforms: readonly Platform[],
  registries: Ports["registries"],
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
  registries: Ports["registries"],
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

function found({ digest, mediaType, quota }: ManifestHead): Found {
  return {
    kind: "found",
    digest,
    isIndex: isIndexType(mediaType),
    ...(quota === undefined
      ? {}
      : { quota: formatRateLimit(quota), pullsLeft: quota.remaining ?? "unknown" }),
  };
}

/** `87 of 100 pulls in 6 hours are left to 198.51.100.20`. */
function formatRateLimit(quota: RateLimit): string {
  const { windowSeconds, source } = quota;
  const hours = windowSeconds === undefined ? "" : ` in ${Math.round(windowSeconds / 3600)} hours`;
  return `${formatPulls(quota)}${hours} are left${source === undefined ? "" : ` to ${source}`}`;
}

/** A source with nothing left is not asked again: its HEAD says so for free. */
function limited({ quota }: ManifestHead, place: ImageReference): ProbeResult | undefined {
  if (quota?.remaining !== 0) return undefined;
  return {
    kind: "rate-limited",
    because: `${place.host} has no pulls left for Repull: ${formatRateLimit(quota)}`,
  };
}

async function checkArchived(
  seen: Found,
  place: ImageReference,
  { ecr }: Pick<Ports, "ecr">,
): Promise<ProbeResult> {
  const status = await ecr.imageStatus(place.path, seen.digest);
  return status === "archived"
    ? { kind: "archived", because: "the copy is archived in ECR, and cannot be pulled before it is restored" }
    : seen;
}

function refusal(error: unknown, place: ImageReference): ProbeResult {
  if (error instanceof InvalidInput) {
    return {
      kind: "unreachable",
      because: `${place.host} sends a manifest that cannot be read: ${error.message}`,
    };
  }
  // A secret or a token that we may not have is this place's loss; a throttled call is worth another.
  const behind = findAwsError(error);
  if (behind !== undefined) {
    if (behind.kind === "throttled") throw behind;
    // That AWS did not answer is no word about the place.
    return { kind: behind.kind === "unavailable" ? "unreachable" : "denied", because: behind.message };
  }
  if (!(error instanceof RegistryError)) throw error;
  switch (error.kind) {
    case "rate-limited":
      return { kind: "rate-limited", because: `${place.host} refuses Repull too: its rate limit is reached` };
    case "not-allowed":
      return { kind: "not-allowed", because: error.message };
    case "unauthorized":
      return { kind: "denied", because: `${place.host} refuses the login for ${place.path}` };
    case "denied":
      return { kind: "denied", because: `${place.host} denies access to ${place.path}` };
    case "absent":
      return { kind: "absent", because: `${place.host} has no ${place.path}` };
    default:
      return {
        kind: "unreachable",
        because: error.message,
        ...(error.unanswered === undefined ? {} : { code: error.unanswered }),
      };
  }
}
