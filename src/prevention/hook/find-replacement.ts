/**
 * What a hook says of one image: whether its pulls count at Docker Hub, and which proved replacement there is now.
 *
 * A replacement is one that can be written at once: a copy that would have to be made first, and a login, are not.
 */

import { type AssessedCandidate, assessImage } from "../../assessment/assess-image.ts";
import type { Environment, RequiredPlatforms } from "../../assessment/environment.ts";
import { findPortError } from "../../assessment/ports.ts";
import { runtimePlatformOf } from "../../ecs/task-definition/task-definition.ts";
import { tryParseReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { excludedBy, matchesImage } from "../../substitution/glob.ts";
import type { Substitute } from "../../substitution/plan-types.ts";
import type { Proof } from "../../substitution/proof.ts";
import { metOutage } from "../outage.ts";
import type { DeclaredImage } from "./declared-images.ts";

export type Judgement =
  /** `replacement`: as the task definition should say it. */
  | { readonly code: "replaceable"; readonly replacement: string; readonly proof: Proof }
  /** `mayChange`: a registry that may have it did not answer. */
  | { readonly code: "no-replacement"; readonly because: string; readonly mayChange?: boolean }
  | { readonly code: "other-registry" | "excluded-by-policy" | "signed-in" }
  /** Not evaluated: it is made at the deployment, is not an image's name, or the answer did not come. */
  | { readonly code: "not-known-yet" | "not-an-image" | "no-answer" };

/** @param round what all images of one request share */
export async function judgeImage(
  declared: DeclaredImage,
  round: Omit<Environment, "platforms">,
): Promise<Judgement> {
  const { image, signedIn } = declared;
  if (image === undefined) return { code: "not-known-yet" };
  // A text with `${…}` in it is one that a function has yet to fill.
  if (image.includes("${")) return { code: "not-known-yet" };
  const reference = tryParseReference(image);
  if (reference === undefined) return { code: "not-an-image" };
  if (!isDockerHubFront(reference.host)) return { code: "other-registry" };
  const { images } = round.policy.scope;
  if (excludedBy(images, "images", (pattern) => matchesImage(pattern, reference)) !== undefined)
    return { code: "excluded-by-policy" };
  if (signedIn) return { code: "signed-in" };
  try {
    const assessed = await assessImage({ image, reference }, { ...round, platforms: platformsOf(declared) });
    const found = assessed.candidates.find(isWritable);
    if (found?.substitute.writes !== undefined)
      return {
        code: "replaceable",
        replacement: found.substitute.writes,
        proof: found.substitute.proof,
      };
    if (metOutage(assessed)) return { code: "no-answer" };
    const { plan, candidates } = assessed;
    return {
      code: "no-replacement",
      because: plan.kind === "no-substitute" ? plan.because : "no source has it yet",
      mayChange: candidates.some(({ seen }) => seen.kind === "unreachable"),
    };
  } catch (error) {
    if (findPortError(error) === undefined) throw error;
    return { code: "no-answer" };
  }
}

/** A cache that is to be filled first holds nothing that is proved. */
function isWritable(one: AssessedCandidate): one is AssessedCandidate & { readonly substitute: Substitute } {
  return (
    "substitute" in one && one.substitute.copy === undefined && one.substitute.importIntoCache === undefined
  );
}

function platformsOf({ platform }: DeclaredImage): RequiredPlatforms {
  const known = runtimePlatformOf(platform);
  return known === undefined
    ? { kind: "unknown", because: "the template does not say on which machines it runs" }
    : { kind: "known", platforms: [known] };
}
