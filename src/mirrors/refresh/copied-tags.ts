/** The tags of other registries that copies were made of, with who uses such a copy or runs the tag itself. Pure. */

import type { Digest } from "../../image/digest.ts";
import {
  canonicalName,
  dockerHubName,
  type ImageReference,
  tryParseReference,
} from "../../image/reference.ts";
import { retainedIndexTag } from "../../oci/copy/retained-index.ts";
import type { ImageUse } from "../facts.ts";
import { pushedAt, type SourcedCopy } from "../sourced-copies.ts";
import { usersOfCopies } from "../users-of-copies.ts";
import type { SourceRecord } from "./source-record.ts";

export type User = Pick<ImageUse, "place" | "by">;

export type CopiedTag = {
  readonly source: ImageReference;
  /** The source's canonical name, with its tag. */
  readonly name: string;
  readonly repository: string;
  /** The newest first. */
  readonly copies: readonly SourcedCopy[];
  /** Those that something uses. */
  readonly used: readonly SourcedCopy[];
  /** Of a copy, or of the tag at its source. */
  readonly users: readonly User[];
};

/** One for each tag, those with the most users first. What was copied by digest has no tag that could move. */
export function copiedTags(copies: readonly SourcedCopy[], uses: readonly ImageUse[]): readonly CopiedTag[] {
  const usersOf = usersOfCopies(uses);
  const usersAtSource = usersByName(uses);
  const groups = Map.groupBy(
    copies.flatMap((one) =>
      one.sources.flatMap((source) => (source.tag === undefined ? [] : { ...one, source })),
    ),
    ({ source, copy }) => `${copy.repository} ${canonicalName(source)}`,
  );
  const tags = [...groups.values()].flatMap((group): CopiedTag[] => {
    const newestFirst = group.toSorted((a, b) => pushedAt(b) - pushedAt(a));
    const [{ source, copy } = {}] = newestFirst;
    if (source === undefined || copy === undefined) return [];
    const name = canonicalName(source);
    const used = newestFirst.filter((one) => usersOf(one.copy).length > 0);
    const users = [...used.flatMap((one) => usersOf(one.copy)), ...(usersAtSource.get(name) ?? [])];
    return [{ source, name, repository: copy.repository, copies: newestFirst, used, users: onceEach(users) }];
  });
  return tags.toSorted((a, b) => b.users.length - a.users.length);
}

/**
 * Whether the bytes that the tag names are here: under the tag, or by the proof that was kept of their index. The proof may be
 * another tag's, or left of copies that were deleted: of a tag that has moved since the last look, it counts with a copy since then.
 */
export function hasCopyOf({ copies }: CopiedTag, digest: Digest, before: SourceRecord | undefined): boolean {
  if (copies.some(({ copy }) => copy.digest === digest)) return true;
  const proof = retainedIndexTag(digest);
  if (!copies.some(({ tagsBeside }) => tagsBeside.has(proof))) return false;
  if (before?.copied === undefined || before.copied === digest) return true;
  return copies.some((one) => pushedAt(one) > before.checkedAt);
}

/** Who names an image by its tag at its own registry, by the canonical name; by a digest, no tag is followed. */
export function usersByName(uses: readonly ImageUse[]): ReadonlyMap<string, readonly User[]> {
  const byName = new Map<string, User[]>();
  for (const { image, place, by } of uses) {
    const reference = tryParseReference(image);
    if (reference === undefined || reference.digest !== undefined) continue;
    const tagged = { ...reference, tag: reference.tag ?? "latest" };
    const names = new Set([tagged, dockerHubName(tagged) ?? tagged].map(canonicalName));
    for (const name of names) byName.set(name, [...(byName.get(name) ?? []), { place, by }]);
  }
  return byName;
}

function onceEach(users: readonly User[]): readonly User[] {
  return [...new Map(users.map(({ place, by }) => [`${place} ${by}`, { place, by }])).values()];
}
