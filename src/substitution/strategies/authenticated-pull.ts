/** Keep the image, and let the task pull it with the account whose credentials are in Secrets Manager. */

import { canonicalName } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { Strategy } from "../strategy.ts";

export const authenticatedPull: Strategy = {
  name: "authenticated-pull",
  summary: "keep the image, and pull it with the account of the configured secret",
  candidates: (image, { policy, signedIn, trusted, written }) => {
    const { dockerHubSecret: secret, dockerHubSecretKey: key } = policy;
    if (registryOf(image.host).kind !== "docker-hub")
      return { because: "the configured account is Docker Hub's, and the image is not from there" };
    if (signedIn) return { because: "the container already shows an account" };
    if (secret === undefined) return { because: "no Docker Hub account is configured (dockerHubSecret)" };
    if (written !== undefined && trusted === undefined)
      return {
        because: `the account is not shown to ${written.host}, and no digest is known to name docker.io by`,
      };
    return [
      {
        strategy: "authenticated-pull",
        image: canonicalName(image),
        secret,
        samePublisher: false,
        ...(key === undefined ? {} : { key }),
      },
    ];
  },
};
