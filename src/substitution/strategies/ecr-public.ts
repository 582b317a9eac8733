/** Where else the image is, by its publisher or by the policy: on Amazon ECR Public, mostly. */

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
    return offered.length > 0 ? offered : { code: "not-published", because: notPublished(image) };
  },
};

function notPublished({ host, path }: ImageReference): string {
  return `no publisher is known to keep ${host}/${path} on ECR Public`;
}
