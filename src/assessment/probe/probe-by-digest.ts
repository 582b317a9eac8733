/** Asks a place for the trusted digest; without it, for the tag's manifest. */

import { type ImageReference, pinToDigest } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { ProbeResult } from "../../substitution/candidate.ts";
import type { ProbePorts } from "../ports.ts";
import { manifestForOne } from "./available-platforms.ts";
import { found, limited } from "./found.ts";
import type { ProbeContext } from "./probe-context.ts";

/** The trusted digest where there is one; the tag shows whether the place has other bytes. */
export async function probeByDigest(
  place: ImageReference,
  { trusted, platforms }: ProbeContext,
  { registries }: Pick<ProbePorts, "registries">,
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
