/**
 * Asks where a copy would be made from: whether the bytes are there, and may be copied.
 *
 * Docker Hub gets only HEADs, which also report what is left of its limit, and for which address or account.
 */

import { type ImageReference, pinToDigest } from "../../image/reference.ts";
import { isDockerHubFront, registryOf } from "../../image/registry-hosts.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { Candidate, ProbeResult } from "../../substitution/candidate.ts";
import { ecrPublicMirrors } from "../../substitution/ecr-public-mirrors.ts";
import type { ProbePorts } from "../ports.ts";
import { probeByDigest } from "./probe-by-digest.ts";
import type { ProbeContext } from "./probe-context.ts";

/** An anonymous pull does not cure an account's limit, unless it is counted apart and some pulls are left. */
const NO_OTHER_QUOTA =
  "the account's limit is reached, and Docker Hub does not say that anonymous pulls are left";

export async function probeSource(
  candidate: Candidate,
  place: ImageReference,
  context: ProbeContext,
  ports: ProbePorts,
): Promise<ProbeResult> {
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

/** Every client that may pull from the mirror's prefix would see a private image. */
async function privateImage(
  candidate: Candidate,
  place: ImageReference,
  { trusted, mayCopyPrivate = false }: ProbeContext,
  { anonymous }: ProbePorts,
): Promise<ProbeResult | undefined> {
  // What its publisher also keeps on ECR Public is public: Docker's own images are.
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
    code: "private-image",
    because: "it is private, and the policy does not let it be copied (registries.privateImages)",
  };
}

const PERHAPS_PRIVATE =
  "it may be private: Docker Hub's anonymous limit is reached for Repull too, so this cannot be checked; registries.privateImages would let it be copied";
