/** Which tags the policy's list `mirrors.images` wants copied, and in which order. Pure. */

import { canonicalName, type ImageReference, tryParseReference } from "../../image/reference.ts";
import { matchesGlob } from "../../substitution/glob.ts";
import {
  isInRange,
  isVersionRange,
  newestFirst,
  versionOf,
} from "../../substitution/policy/version-range.ts";
import type { WantedImage } from "../../substitution/policy/wanted-images.ts";

export type WantedTag = {
  readonly source: ImageReference;
  readonly name: string;
  readonly platforms: readonly string[];
};

/** What of an entry cannot be followed. */
export type WantedProblem = {
  readonly image: string;
  readonly code:
    | "image-not-understood"
    | "range-not-understood"
    | "tags-unread"
    | "tags-cut"
    | "no-tag-matches";
  readonly because: string;
};

/** The repository of an entry; undefined where it does not name an image. */
export function repositoryOfEntry({ image }: WantedImage): ImageReference | undefined {
  return tryParseReference(image);
}

/** Whether the registry has to list its tags: a tag that is written out needs no list. */
export function needsTagList({ tags, semver }: WantedImage): boolean {
  return semver !== undefined || tags.some((tag) => tag.includes("*"));
}

/**
 * The tags of an entry, the newest first. A range holds plain versions; together with patterns it holds what both do, so that
 * `*-alpine` and `^1.27` are the versions of one variant.
 * @param listed what the registry has; empty where no list is needed
 */
export function tagsOfEntry(entry: WantedImage, listed: readonly string[]): readonly string[] {
  const { tags, semver, newest } = entry;
  if (!needsTagList(entry)) return [...new Set(tags)];
  const literal = semver === undefined ? tags.filter((tag) => !tag.includes("*")) : [];
  const matching = listed.filter((tag) => {
    const isMatched = tags.some((pattern) => matchesGlob(pattern, tag));
    if (semver === undefined) return isMatched;
    const version = versionOf(tag);
    if (version === undefined || !isInRange(version, semver)) return false;
    return tags.length === 0 ? !version.isVariant : isMatched;
  });
  const found = matching.filter((tag) => !literal.includes(tag)).toSorted(newestFirst);
  return [...new Set([...literal, ...found.slice(0, newest)])];
}

/** Of one entry, its tags or why there are none. */
export function readEntry(
  entry: WantedImage,
  listed: readonly string[],
): readonly WantedTag[] | WantedProblem {
  const repository = repositoryOfEntry(entry);
  const { image, semver, platforms } = entry;
  if (repository === undefined)
    return { image, code: "image-not-understood", because: `${image} is not the name of an image` };
  if (semver !== undefined && !isVersionRange(semver))
    return { image, code: "range-not-understood", because: `${semver} is not a range of versions` };
  const tags = tagsOfEntry(entry, listed);
  if (tags.length === 0)
    return { image, code: "no-tag-matches", because: `none of its ${listed.length} tags matches` };
  return tags.map((tag) => {
    const source = { host: repository.host, path: repository.path, tag };
    return { source, name: canonicalName(source), platforms };
  });
}

/** The tags with the most users first, then the images whose other tags have the most; after those as the policy has them. */
export function mostExposedFirst(
  wanted: readonly WantedTag[],
  usersOf: (name: string) => number,
  usersOfRepository: (source: ImageReference) => number,
): readonly WantedTag[] {
  const once = [...new Map(wanted.map((one) => [one.name, one])).values()];
  const ranked = once.map((one) => ({
    one,
    users: usersOf(one.name),
    ofRepository: usersOfRepository(one.source),
  }));
  return ranked
    .toSorted((a, b) => b.users - a.users || b.ofRepository - a.ofRepository)
    .map(({ one }) => one);
}
