/** The image is already in this account's ECR, under the mirror prefix: nothing to copy, nothing to wait for. */

import { type Digest, shortDigest } from "../../image/digest.ts";
import { canonicalName, type ImageReference } from "../../image/reference.ts";
import type { Strategy, StrategyContext } from "../strategy.ts";

export const ownCopy: Strategy = {
  name: "own-copy",
  summary: "use the copy that is already in this account's ECR",
  candidates: (image, context) => [
    { strategy: "own-copy", image: canonicalName(copyOf(image, context)), samePublisher: false },
  ],
};

/** Where a copy of an image lives in ECR, with the tag of the image that it stands for. */
export function copyOf(image: ImageReference, { ecrHost, mirrorPrefix }: StrategyContext): ImageReference {
  // A port's colon cannot stand in a repository's name, and ECR knows lower case only.
  const host = image.host.toLowerCase().replace(/[^a-z0-9.-]+/g, "-");
  const path = `${mirrorPrefix}/${host}/${image.path}`;
  return { host: ecrHost, path, ...(image.tag === undefined ? {} : { tag: image.tag }) };
}

/** The tag of a copy: platform copies and moved tags never collide, on immutable repositories neither. */
export function copyTag(tag: string | undefined, digest: Digest): string {
  // 128 characters in all: the digest's part is the one that must not be cut.
  return `${(tag ?? "untagged").slice(0, 115)}-${shortDigest(digest)}`;
}
