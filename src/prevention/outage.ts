/**
 * Whether Docker Hub was silent or out of order as an image was assessed. What was found then may change within seconds, and is not
 * remembered as a verdict. A refusal of the image (a private one, a limit) is a verdict.
 */

import type { ImageAssessment } from "../assessment/assess-image.ts";

export function metOutage({ facts }: Pick<ImageAssessment, "facts">): boolean {
  const { untrusted, probedCandidates } = facts;
  return (
    untrusted?.unavailable === true ||
    // It reported its digest, and then no longer answered.
    probedCandidates.some(
      ({ candidate, seen }) => candidate.strategy === "mirror" && seen.kind === "unreachable",
    )
  );
}
