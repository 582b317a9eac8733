/** Where a copy came from: its repository's tag `repull:source` and the tag of its image, as Repull wrote both. */

import { type ImageReference, repositoryName, tryParseReference } from "../image/reference.ts";
import { DOCKER_HUB_HOST } from "../image/registry-hosts.ts";
import { ecrPublicMirrors } from "../substitution/ecr-public-mirrors.ts";
import { type Copy, isOurTag } from "./copies.ts";
import type { EcrRepository } from "./facts.ts";

/** `-` and the first digits of the digest. */
const SUFFIX_LENGTH = 13;
/** What Repull writes for an image that was named by its digest alone: it has no tag that could move. */
const UNTAGGED = "untagged";
/** From this length on a tag may have been cut (src/substitution/strategies/ecr-copy.ts): then it is another one, or none. */
const CUT_LENGTH = 115;

/** One for each tag that was copied: one image may have several. Without a tag where the copy was made by digest. */
export function sourcesOfCopy(
  { source }: Pick<EcrRepository, "source">,
  { tags, digest }: Pick<Copy, "tags" | "digest">,
): readonly ImageReference[] {
  if (source === undefined) return [];
  return tags
    .filter((tag) => isOurTag(tag, digest))
    .flatMap((ours) => {
      const tag = ours.slice(0, -SUFFIX_LENGTH);
      const isWhole = tag !== UNTAGGED && tag.length < CUT_LENGTH;
      return tryParseReference(isWhole ? `${source}:${tag}` : `${source}@${digest}`) ?? [];
    });
}

/**
 * Whose tags the copies of a repository follow. Where the first copy came from ECR Public, the tag `repull:source` names that;
 * the repository's name says that the image is Docker Hub's.
 */
export function sourceOfRepository(repository: string, tagged: string): string {
  const folder = `/${DOCKER_HUB_HOST}/`;
  const at = repository.lastIndexOf(folder);
  const hub = { host: DOCKER_HUB_HOST, path: at < 0 ? "" : repository.slice(at + folder.length) };
  const isTwin = ecrPublicMirrors(hub).some(({ twin }) => repositoryName(twin) === tagged);
  return isTwin ? repositoryName(hub) : tagged;
}
