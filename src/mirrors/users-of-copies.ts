/**
 * Who uses a copy: by its digest, in whichever repository, or by a tag of its repository.
 *
 * A name that cannot be read but contains the repository's path uses every copy in it.
 */

import { tryParseReference } from "../image/reference.ts";
import type { Copy } from "./copies.ts";
import type { ImageUse } from "./facts.ts";

type Copied = Pick<Copy, "repository" | "members">;

/** @returns for a copy, its uses */
export function usersOfCopies(uses: readonly ImageUse[]): (copy: Copied) => readonly ImageUse[] {
  const byName = new Map<string, ImageUse[]>();
  const unreadable: ImageUse[] = [];
  const add = (name: string, use: ImageUse): void => {
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [use]);
    else known.push(use);
  };
  for (const use of uses) {
    if (use.digest !== undefined) add(use.digest, use);
    if (use.image === undefined) continue;
    const reference = tryParseReference(use.image);
    if (reference === undefined) {
      unreadable.push(use);
      continue;
    }
    const { path, tag, digest } = reference;
    if (digest !== undefined) add(digest, use);
    // By whichever host: an endpoint of a VPC or a proxy may lead to the same registry.
    if (tag !== undefined || digest === undefined)
      for (const name of endsOf(path)) add(`${name}:${tag ?? "latest"}`, use);
  }
  return ({ repository, members }) => [
    ...new Set([
      ...members.flatMap(({ digest, tags }) => [
        ...(byName.get(digest) ?? []),
        ...tags.flatMap((tag) => byName.get(`${repository}:${tag}`) ?? []),
      ]),
      ...unreadable.filter(({ image }) => image?.includes(repository)),
    ]),
  ];
}

/** `a/b/c`, `b/c` and `c`: a proxy may have a name of its own before the repository's. */
function endsOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(index).join("/"));
}
