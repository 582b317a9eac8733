/**
 * What a strategy offers for an image, under the name that Docker Hub knows it by.
 *
 * Copies, cache rules and twins at ECR Public belong to Docker Hub's name of an image, by whichever host a task
 * definition asks for it. A front's name stays a place of its own: a digest decides which of them has the bytes.
 */

import { dockerHubName, type ImageReference } from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import type { Candidate, NotApplicableReason } from "../candidate.ts";
import type { StrategyContext } from "../strategy.ts";
import type { StrategyName } from "../strategy-name.ts";
import { STRATEGIES } from "./index.ts";

/** What is known in addition to the image. `isDockerHub`: Docker Hub answered under the image's host, whatever it is called. */
export type CandidatesContext = Omit<StrategyContext, "written"> & { readonly isDockerHub?: boolean };

/** The places that a strategy names, best first; or why it has none. */
export function candidatesOf(
  strategy: StrategyName,
  image: ImageReference,
  { isDockerHub = false, ...context }: CandidatesContext,
): readonly Candidate[] | NotApplicableReason {
  const known = dockerHubName(image) ?? (isDockerHub ? { ...image, host: DOCKER_HUB_HOST } : image);
  const written = known.host === image.host ? {} : { written: image };
  return STRATEGIES[strategy].candidates(known, { ...context, ...written });
}
