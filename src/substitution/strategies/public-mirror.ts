/** Docker publishes its Official Images on Amazon ECR Public as well, with the same digests. */

import { registryOf } from "../../image/hosts.ts";
import { canonicalName, type ImageReference } from "../../image/reference.ts";
import type { Strategy } from "../strategy.ts";

export const publicMirror: Strategy = {
  name: "public-mirror",
  summary: "pull the Docker Official Image from Amazon ECR Public",
  candidates: (image) => {
    const twin = publicTwin(image);
    return twin === undefined
      ? []
      : [{ strategy: "public-mirror", image: canonicalName(twin), samePublisher: true }];
  },
};

/**
 * The name of a Docker Official Image on ECR Public; undefined for every other image.
 *
 * Source: https://gallery.ecr.aws/docker/ (2026-11). Digests agree for what is there, and not everything is there
 * (azul-zulu is not, tags have been lost): each candidate is asked for before it is used.
 */
export function publicTwin(image: ImageReference): ImageReference | undefined {
  if (registryOf(image.host).kind !== "docker-hub" || !/^library\/[^/]+$/.test(image.path)) return undefined;
  return { ...image, host: "public.ecr.aws", path: `docker/${image.path}` };
}
