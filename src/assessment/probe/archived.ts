/** An image that ECR has archived is there, and cannot be pulled. A registry may answer a HEAD of it, or not. */

import type { Digest } from "../../image/digest.ts";
import type { ImageReference } from "../../image/reference.ts";
import type { Found, NotHeld, ProbeResult } from "../../substitution/candidate.ts";
import type { ProbePorts } from "../ports.ts";

export async function checkArchived(
  seen: Found,
  place: ImageReference,
  ecr: ProbePorts["ecr"],
): Promise<ProbeResult> {
  return (await archivedImage(seen.digest, place, ecr)) ?? seen;
}

/** Undefined: it is not archived, as far as ECR says. */
export async function archivedImage(
  digest: Digest,
  place: ImageReference,
  ecr: ProbePorts["ecr"],
): Promise<NotHeld | undefined> {
  if ((await ecr?.imageStatus(place.path, digest)) !== "archived") return undefined;
  return {
    kind: "archived",
    because: "the copy is archived in ECR, and must be restored before it can be pulled",
    archived: [digest],
  };
}
