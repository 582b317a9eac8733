/** Keep the image, and let the task pull it with the account whose credentials are in Secrets Manager. */

import { canonicalName } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { Strategy } from "../strategy.ts";

export const authenticatedPull: Strategy = {
  name: "authenticated-pull",
  summary: "keep the image, and pull it with the account of the configured secret",
  candidates: (image, { policy, signedIn, trusted, written }) => {
    const { dockerHubSecret: secret } = policy;
    if (registryOf(image.host).kind !== "docker-hub")
      return { code: "other-registry", because: "the image is not from Docker Hub" };
    if (signedIn)
      return { code: "account-already-used", because: "the container already has repositoryCredentials" };
    if (secret === undefined)
      return {
        code: "no-account",
        because: "no Docker Hub account is configured (the stack's DockerHubSecretArn)",
      };
    if (written !== undefined && trusted === undefined)
      return {
        code: "no-digest",
        because: `${written.host} must not get the account's login, and no digest is known to pull from docker.io by`,
      };
    return [
      {
        strategy: "authenticated-pull",
        image: canonicalName(image),
        secret,
        samePublisher: false,
      },
    ];
  },
};
