/** Copy the image into ECR first, from wherever its bytes can still be read, and run the copy. */

import { canonicalName, pinToDigest } from "../../image/reference.ts";
import { isDockerHub, registryOf } from "../../image/registry-hosts.ts";
import type { Candidate } from "../candidate.ts";
import { ecrPublicMirrors } from "../ecr-public-mirrors.ts";
import type { Strategy } from "../strategy.ts";
import { mirrorTarget, NO_PREFIX } from "./ecr-copy.ts";

export const mirror: Strategy = {
  name: "mirror",
  summary: "copy the image into this account's ECR and run the copy",
  candidates: (image, context) => {
    const target = mirrorTarget(image, context);
    if (target === undefined) return NO_PREFIX;
    const copied = (source: string, anonymous = false): Candidate => ({
      strategy: "mirror",
      image: canonicalName(target),
      source,
      ...(anonymous ? { anonymous: true as const } : {}),
      samePublisher: false,
    });
    const { trusted, policy, written } = context;
    const origin = canonicalName(trusted === undefined ? image : pinToDigest(image, trusted));
    const hasAccount = policy.dockerHubSecret !== undefined && registryOf(image.host).kind === "docker-hub";
    return [
      // By digest, ECR Public is the same bytes without Docker Hub's limit.
      ...(trusted === undefined
        ? []
        : ecrPublicMirrors(image).map(({ twin }) => copied(canonicalName(pinToDigest(twin, trusted))))),
      copied(origin),
      ...(hasAccount ? [copied(origin, true)] : []),
      // A front could lead elsewhere than to Docker Hub by now.
      ...(written === undefined || isDockerHub(written.host)
        ? []
        : [copied(canonicalName(trusted === undefined ? written : pinToDigest(written, trusted)))]),
    ];
  },
};
