/**
 * Asks one place whether it holds the image.
 *
 * A HEAD by digest decides, because it costs nothing and cannot be about other bytes; ECR's own description can only veto.
 * Docker Hub is never asked for more than a HEAD: a GET there is a pull, and pulls are what has run out.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import { type ImageReference, parseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { Candidate, ProbeResult } from "../../substitution/candidate.ts";
import { findPortError, type ProbePorts } from "../ports.ts";
import { checkArchived } from "./archived.ts";
import { withAvailablePlatforms } from "./available-platforms.ts";
import { probeByDigest } from "./probe-by-digest.ts";
import { probeCache } from "./probe-cache.ts";
import type { ProbeContext } from "./probe-context.ts";
import { probeCopy } from "./probe-copy.ts";
import { probeOrigin } from "./probe-origin.ts";
import { probeSource } from "./probe-source.ts";

/** What a candidate's registry says. Throws PortError where asking again may help, never for what a registry answers. */
export async function probeCandidate(
  candidate: Candidate,
  context: ProbeContext,
  ports: ProbePorts,
): Promise<ProbeResult> {
  const place = parseReference(candidate.source ?? candidate.image);
  try {
    const seen = await probeBy(candidate, place, context, ports);
    return seen.kind === "found" && registryOf(place.host).kind === "ecr"
      ? await checkArchived(seen, place, ports.ecr)
      : seen;
  } catch (error) {
    return refusal(error, place);
  }
}

async function probeBy(
  candidate: Candidate,
  place: ImageReference,
  context: ProbeContext,
  ports: ProbePorts,
): Promise<ProbeResult> {
  switch (candidate.strategy) {
    case "ecr-copy":
      return await probeCopy(place, context, ports);
    case "pull-through-cache":
      return await probeCache(place, context, ports);
    case "authenticated-pull":
      return await probeOrigin(place, context, ports);
    case "mirror":
      return await probeSource(candidate, place, context, ports);
    case "ecr-public": {
      const seen = await probeByDigest(place, context, ports);
      return seen.kind === "found"
        ? await withAvailablePlatforms(seen, place, context, ports.registries)
        : seen;
    }
  }
}

function refusal(error: unknown, place: ImageReference): ProbeResult {
  if (error instanceof InvalidInput) {
    return {
      kind: "unreachable",
      because: `${place.host} sends a manifest that cannot be read: ${error.message}`,
    };
  }
  // A secret or a token that we may not have is this place's loss; a throttled call is worth another.
  const behind = findPortError(error);
  if (behind !== undefined) {
    if (behind.kind === "throttled") throw behind;
    // An AWS service that does not answer says nothing about the source.
    return { kind: behind.kind === "unavailable" ? "unreachable" : "denied", because: behind.message };
  }
  if (!(error instanceof RegistryError)) throw error;
  switch (error.kind) {
    case "rate-limited":
      return { kind: "rate-limited", because: `${place.host} refuses Repull too: rate limit reached` };
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
