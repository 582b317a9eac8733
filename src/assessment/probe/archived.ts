/** An image that ECR has archived is there, and cannot be pulled. */

import type { ImageReference } from "../../image/reference.ts";
import type { Found, ProbeResult } from "../../substitution/candidate.ts";
import type { ProbePorts } from "../ports.ts";

export async function checkArchived(
  seen: Found,
  place: ImageReference,
  ecr: ProbePorts["ecr"],
): Promise<ProbeResult> {
  const status = await ecr?.imageStatus(place.path, seen.digest);
  return status === "archived"
    ? {
        kind: "archived",
        because: "the copy is archived in ECR, and must be restored before it can be pulled",
      }
    : seen;
}
