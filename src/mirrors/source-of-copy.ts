/** Where a copy came from: its repository's tag `repull:source` and the tag of its image, as Repull wrote both. */

import { type ImageReference, tryParseReference } from "../image/reference.ts";
import { type Copy, isOurTag } from "./copies.ts";
import type { EcrRepository } from "./facts.ts";

/** `-` and the first digits of the digest. */
const SUFFIX_LENGTH = 13;
/** What Repull writes for an image that was named by its digest alone: it has no tag that could move. */
const UNTAGGED = "untagged";

/** The image with the tag that was copied; without a tag where the copy was made by digest. */
export function sourceOfCopy(
  { source }: Pick<EcrRepository, "source">,
  { tags, digest }: Pick<Copy, "tags" | "digest">,
): ImageReference | undefined {
  const ours = tags.find((tag) => isOurTag(tag, digest));
  if (source === undefined || ours === undefined) return undefined;
  const tag = ours.slice(0, -SUFFIX_LENGTH);
  return tryParseReference(tag === UNTAGGED ? `${source}@${digest}` : `${source}:${tag}`);
}
