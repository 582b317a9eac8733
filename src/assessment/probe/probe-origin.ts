/** Asks the image's own registry, where the reference stays and the workload shows an account of the owner's. */

import { type ImageReference, pinToDigest, repositoryName } from "../../image/reference.ts";
import type { RateLimit } from "../../oci/client/rate-limit.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { ProbeResult } from "../../substitution/candidate.ts";
import { findPortError, type ProbePorts } from "../ports.ts";
import { formatRateLimit } from "./found.ts";
import type { ProbeContext } from "./probe-context.ts";

/** The reference stays; if its registry does not answer us, the task's account decides. */
export async function probeOrigin(
  place: ImageReference,
  { trusted }: ProbeContext,
  { registries, anonymous }: Pick<ProbePorts, "registries" | "anonymous">,
): Promise<ProbeResult> {
  const kept: ProbeResult =
    trusted === undefined ? { kind: "kept" } : { kind: "found", digest: trusted, isIndex: false };
  // Where there is an anonymous client too, these registries are asked with the account.
  const isAccount = anonymous !== undefined;
  try {
    const head = await registries.headManifest(trusted === undefined ? place : pinToDigest(place, trusted));
    if (head !== undefined)
      return isAccount && head.quota?.remaining === 0 ? accountExhausted(head.quota) : kept;
    const lost = trusted === undefined ? "it" : "the expected digest";
    return { kind: "absent", because: `${repositoryName(place)} no longer has ${lost}` };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.kind === "rate-limited") return isAccount ? accountExhausted() : kept;
    // That we do not get through is not said of the tasks: they did.
    if (error.kind === "unavailable" && findPortError(error) === undefined) return kept;
    throw error;
  }
}

function accountExhausted(quota?: RateLimit): ProbeResult {
  const left = quota === undefined ? "" : `: ${formatRateLimit(quota)}`;
  const because = `the configured account has no pulls left either${left}`;
  return { kind: "rate-limited", code: "account-exhausted", because };
}
