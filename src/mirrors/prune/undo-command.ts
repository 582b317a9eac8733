/** A deleted copy as it is reported, with the command that copies it again by its digest, for as long as its source has it. */

import type { Digest } from "../../image/digest.ts";
import { isReferrer, mayBeIndex } from "../copies.ts";
import type { EcrRepository } from "../facts.ts";
import type { PruneDecision } from "./decide-prune.ts";

export type DeletedCopy = {
  readonly repository: string;
  readonly digest: Digest;
  readonly tags: readonly string[];
  /** Everything that went with it, itself first. */
  readonly digests: readonly Digest[];
  readonly bytes: number;
  /** Absent: what vouched for copies, which a new copy brings back. */
  readonly undo?: readonly string[];
};

export function deletedCopy(
  { copy, digests }: Extract<PruneDecision, { kind: "delete" }>,
  repository: Pick<EcrRepository, "source"> | undefined,
  host: string,
): DeletedCopy {
  const { digest, tags, members } = copy;
  const [tag, ...otherTags] = tags;
  const source = repository?.source;
  const [image] = members;
  const isIndex = image !== undefined && mayBeIndex(image);
  return {
    repository: copy.repository,
    digest,
    tags,
    digests,
    bytes: members
      .filter((one) => digests.includes(one.digest))
      .reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    ...(copy.kind !== "copy" || source === undefined || tag === undefined
      ? {}
      : {
          undo: [
            "repull",
            "mirror",
            `${source}@${digest}`,
            `${host}/${copy.repository}:${tag}`,
            ...otherTags.flatMap((one) => ["--also-tag", one]),
            ...(isIndex ? ["--all-platforms"] : []),
            ...(members.some(isReferrer) ? ["--referrers"] : []),
          ],
        }),
  };
}
