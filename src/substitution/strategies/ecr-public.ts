/** The publisher, or the owner's own policy, says where else the image is: on Amazon ECR Public, mostly. */

import { canonicalName, type ImageReference } from "../../image/reference.ts";
import type { Candidate } from "../candidate.ts";
import { mappedCandidates } from "../custom-mappings.ts";
import { ecrPublicMirrors } from "../ecr-public-mirrors.ts";
import type { Strategy } from "../strategy.ts";

export const ecrPublic: Strategy = {
  name: "ecr-public",
  summary: "pull the same image from Amazon ECR Public",
  candidates: (image, { policy, written }) => {
    const offered: Candidate[] = [
      ...(written === undefined ? [] : mappedCandidates(written, policy.imageMappings)),
      ...mappedCandidates(image, policy.imageMappings),
      ...ecrPublicMirrors(image).map(({ twin, samePublisher }) => ({
        strategy: "ecr-public" as const,
        image: canonicalName(twin),
        samePublisher,
      })),
    ];
    return offered.length > 0 ? offered : { because: nobodyPublishes(image) };
  },
};

function nobodyPublishes({ host, path }: ImageReference): string {
  return `nobody is known to publish ${host}/${path} on ECR Public`;
}
