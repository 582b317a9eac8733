/**
 * An image that its own registry no longer has: no account, no rule and no waiting brings it back.
 *
 * Only an answer counts. A registry that refuses, limits or is silent may well have it.
 */

import { shortDigest } from "../image/digest.ts";
import {
  dockerHubName,
  familiarName,
  type ImageReference,
  repositoryName,
  tryParseReference,
} from "../image/reference.ts";
import { DOCKER_HUB_HOST } from "../image/registry-hosts.ts";
import type { ImageFacts } from "./plan-types.ts";

export type MissingImage = {
  /** The registry that answered. */
  readonly host: string;
  /** What it has no more, as people write it. */
  readonly name: string;
  readonly elsewhere?: string;
};

/** Whether the image's registry has said that it has none such; undefined where it has not. */
export function missingImage({
  image,
  untrusted,
  trusted,
  probedCandidates,
}: ImageFacts): MissingImage | undefined {
  const reference = tryParseReference(image);
  if (reference === undefined) return undefined;
  const known = dockerHubName(reference) ?? reference;
  const isAbsent =
    trusted === undefined
      ? untrusted?.code === "origin-has-no-tag"
      : probedCandidates.some(({ candidate, seen }) => {
          const source = tryParseReference(candidate.source);
          return source !== undefined && seen.kind === "absent" && isSame(source, known);
        });
  if (!isAbsent) return undefined;
  const elsewhere = movedTo(known);
  // The tag may be there, with other bytes than the ones that were meant.
  const meant = trusted === undefined ? "" : ` with the digest ${shortDigest(trusted.digest)}`;
  return {
    host: known.host,
    name: `${familiarName(known)}${meant}`,
    ...(elsewhere === undefined ? {} : { elsewhere }),
  };
}

function isSame(one: ImageReference, other: ImageReference): boolean {
  return repositoryName(one) === repositoryName(other);
}

/** Bitnami moved the tags with a version to a repository without updates in 2025: bitnami/containers#83267. */
function movedTo({ host, path, tag }: ImageReference): string | undefined {
  if (host !== DOCKER_HUB_HOST || !path.startsWith("bitnami/")) return undefined;
  return `bitnamilegacy/${path.slice("bitnami/".length)}${tag === undefined ? "" : `:${tag}`}`;
}
