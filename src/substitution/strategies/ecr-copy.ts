/** The image is already in ECR, under the mirror prefix or where the policy says: nothing to copy, nothing to wait for. */

import { type Digest, shortDigest } from "../../image/digest.ts";
import { canonicalName, type ImageReference, tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { Strategy, StrategyContext } from "../strategy.ts";

export const ecrCopy: Strategy = {
  name: "ecr-copy",
  summary: "use the copy that is already in ECR",
  candidates: (image, context) => {
    const { written } = context;
    // Before Docker Hub's fronts were known as such, their images were copied under the fronts' names.
    const names = written === undefined ? [image] : [image, written];
    const places = [
      ...names.flatMap((name) => mirrorTarget(name, context) ?? []),
      ...names.flatMap((name) => namedCopies(name, context)),
    ].map(canonicalName);
    if (places.length === 0) return NO_PREFIX;
    return [...new Set(places)].map((place) => ({
      strategy: "ecr-copy",
      image: place,
      samePublisher: false,
    }));
  },
};

type Place = { readonly ecrHost: string; readonly policy: { readonly mirrorPrefix?: string } };

export const NO_PREFIX = {
  code: "no-mirror-prefix",
  because: "no copies are kept in ECR (the stack's MirrorPrefix is empty)",
} as const;

/**
 * Where a copy of an image lives in ECR, with the tag of the original image; undefined where none are made. Without a tag and a
 * digest `:latest` is meant, and the copy follows that tag: only what is named by its digest alone has none.
 */
export function mirrorTarget(image: ImageReference, { ecrHost, policy }: Place): ImageReference | undefined {
  if (policy.mirrorPrefix === undefined) return undefined;
  const path = `${policy.mirrorPrefix}/${hostAsPath(image.host)}/${image.path}`;
  const tag = image.tag ?? (image.digest === undefined ? "latest" : undefined);
  return { host: ecrHost, path, ...(tag === undefined ? {} : { tag }) };
}

/** The further repositories that the policy names, with the image's parts filled in. */
function namedCopies(image: ImageReference, { ecrHost, policy }: StrategyContext): readonly ImageReference[] {
  return policy.mirrors.additionalRepositories.flatMap((place) => {
    const filled = place
      .replaceAll("{host}", hostAsPath(image.host))
      .replaceAll("{path}", image.path)
      .replaceAll("{name}", image.path.slice(image.path.lastIndexOf("/") + 1));
    const withHost =
      registryOf(filled.split("/", 1)[0] ?? "").kind === "ecr" ? filled : `${ecrHost}/${filled}`;
    const reference = tryParseReference(withHost);
    return reference === undefined
      ? []
      : [{ ...reference, ...(image.tag === undefined ? {} : { tag: image.tag }) }];
  });
}

/** A repository's name cannot contain a port's colon, and ECR knows lower case only. */
function hostAsPath(host: string): string {
  return host.toLowerCase().replace(/[^a-z0-9.-]+/g, "-");
}

/** The tag of a copy: platform copies and moved tags never collide, on immutable repositories neither. */
export function copyTag(tag: string | undefined, digest: Digest): string {
  // 128 characters in all: the digest's part is the one that must not be cut.
  return `${(tag ?? "untagged").slice(0, 115)}-${shortDigest(digest)}`;
}
