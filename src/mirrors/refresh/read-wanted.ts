/** The tags that the policy wants copied, and which of them have no copy. Only the tag lists of its patterns are asked for. */

import { canonicalName, repositoryName } from "../../image/reference.ts";
import type { TagLists } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { WantedImage } from "../../substitution/policy/wanted-images.ts";
import type { ImageUse } from "../facts.ts";
import { type CopiedTag, usersByName } from "./copied-tags.ts";
import {
  mostExposedFirst,
  needsTagList,
  readEntry,
  repositoryOfEntry,
  type WantedProblem,
  type WantedTag,
} from "./wanted-tags.ts";

export type Wanted = {
  /** All that are wanted, by canonical name. */
  readonly names: ReadonlySet<string>;
  /** The most exposed first. */
  readonly missing: readonly (WantedTag & { readonly users: number })[];
  readonly problems: readonly WantedProblem[];
};

const LISTS_AT_ONCE = 4;

export async function readWanted(
  entries: readonly WantedImage[],
  copied: readonly CopiedTag[],
  uses: readonly ImageUse[],
  tagLists: TagLists,
  hasTime: () => boolean,
): Promise<Wanted> {
  const problems: WantedProblem[] = [];
  const lists = new Map<string, readonly string[]>();
  const limited = new Set<string>();
  const repositories = new Map(
    entries.filter(needsTagList).flatMap((entry) => {
      const repository = repositoryOfEntry(entry);
      return repository === undefined ? [] : [[repositoryName(repository), repository] as const];
    }),
  );
  await forEachConcurrently([...repositories], LISTS_AT_ONCE, async ([name, repository]) => {
    const no = (because: string) => void problems.push({ image: name, code: "tags-unread", because });
    if (limited.has(repository.host)) return no(`${repository.host} refuses because of a limit`);
    if (!hasTime()) return no("no time was left in this run");
    try {
      const list = await tagLists.listTags(repository);
      if (list === undefined) return no(`${name} is not there`);
      lists.set(name, list.tags);
      if (!list.isWhole)
        problems.push({ image: name, code: "tags-cut", because: `only ${list.tags.length} tags were read` });
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      if (error.kind === "rate-limited") limited.add(repository.host);
      no(error.message);
    }
  });
  const wanted: WantedTag[] = [];
  for (const entry of entries) {
    const repository = repositoryOfEntry(entry);
    const listed = repository === undefined ? undefined : lists.get(repositoryName(repository));
    // That its list was not read is reported already.
    if (repository !== undefined && listed === undefined && needsTagList(entry)) continue;
    const read = readEntry(entry, listed ?? []);
    if (isProblem(read)) problems.push(read);
    else wanted.push(...read);
  }
  const present = new Set(copied.map(({ name }) => name));
  const users = usersByName(uses);
  const usersOf = (name: string): number => users.get(name)?.length ?? 0;
  const ofRepositories = usersOfRepositories(users);
  return {
    names: new Set(wanted.map(({ name }) => name)),
    missing: mostExposedFirst(
      wanted.filter(({ name }) => !present.has(name)),
      usersOf,
      (source) => ofRepositories.get(repositoryName(source)) ?? 0,
    ).map((one) => ({ ...one, users: usersOf(canonicalName(one.source)) })),
    problems,
  };
}

function isProblem(read: readonly WantedTag[] | WantedProblem): read is WantedProblem {
  return !Array.isArray(read);
}

function usersOfRepositories(users: ReadonlyMap<string, readonly unknown[]>): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [name, those] of users) {
    const repository = name.slice(0, name.lastIndexOf(":"));
    found.set(repository, (found.get(repository) ?? 0) + those.length);
  }
  return found;
}
