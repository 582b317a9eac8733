/** What a run of the clean-up leaves for the next: that a copy was unused, and what it was like then. */

import { digestOf } from "../../image/digest.ts";
import type { Copy } from "../copies.ts";

export type Mark = {
  /** By the services' clock. */
  readonly at: number;
  /** What the copy was: a copy that has changed since is another one. */
  readonly seen: string;
};

/** The key of a copy's mark. */
export function markKey({ repository, digest }: Pick<Copy, "repository" | "digest">): string {
  return `${repository}@${digest}`;
}

/** The state of a copy that must not change between two looks, as a digest. */
export function seenOf({ members }: Pick<Copy, "members">): string {
  const state = members
    .map(({ digest, tags, pushedAt, pulledAt }) =>
      [digest, [...tags].sort().join(","), pushedAt ?? "", pulledAt ?? ""].join(" "),
    )
    .sort()
    .join("\n");
  return digestOf(state);
}
