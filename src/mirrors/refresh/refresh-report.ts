/** What a refresh reports: tags that have moved, sources that are lost, and what became of the copies. */

import type { Digest } from "../../image/digest.ts";
import { eventPages } from "../event-pages.ts";
import type { User } from "./copied-tags.ts";
import type { CopyTold } from "./copy-queue.ts";
import type { LossCode } from "./source-record.ts";
import type { WantedProblem } from "./wanted-tags.ts";

/** The event's detail-type; its source is `repull`. */
export const REFRESH_DETAIL_TYPE = "Mirrors Refreshed";

/** Of a copy, or of the tag at its source: all of them counted, and some named, services first. */
export type Users = { readonly count: number; readonly first: readonly User[] };

export type MovedTag = {
  readonly code: "tag-moved";
  readonly source: string;
  readonly repository: string;
  /** What was copied last, and what the tag names now. */
  readonly from: Digest;
  readonly to: Digest;
  readonly users: Users;
  readonly copy: CopyTold | Withheld;
  /** The new images in ECR, by digest; empty where the platforms in use have not changed. */
  readonly images: readonly string[];
  /** Whether an earlier run has reported it. */
  readonly isNews: boolean;
};

export type LostSource = {
  readonly code: LossCode;
  readonly source: string;
  readonly repository: string;
  readonly since: number;
  readonly because?: string;
  readonly users: Users;
  readonly isNews: boolean;
};

export type WantedTold = {
  readonly source: string;
  readonly users: number;
  readonly copy: CopyTold | Withheld;
};

/** Why no copy is made in this run. */
export type Withheld = {
  readonly kind: "withheld";
  readonly code: "dry-run" | "writes-stopped" | "mode-observe" | "no-copies" | "excluded-by-policy";
  readonly because: string;
};

export type RefreshReport = {
  readonly kind: "dry-run" | "refreshed" | "locked";
  readonly because?: string;
  /** Tags that are looked at; HEADs that were sent; tags of which nothing was learned in this run. */
  readonly tags: number;
  readonly heads: number;
  readonly unanswered: number;
  readonly moved: readonly MovedTag[];
  readonly lost: readonly LostSource[];
  /** Lost before, and there again. */
  readonly back: readonly string[];
  /** Of the policy's list: tags without a copy. */
  readonly wanted: readonly WantedTold[];
  readonly problems: readonly WantedProblem[];
  /** What could not be read. */
  readonly unread: readonly string[];
  /** How many of each list are not in this answer; the function's log has them. Absent: it is whole. */
  readonly cut?: Readonly<Record<"lost" | "moved" | "wanted" | "back", number>>;
};

const USERS_NAMED = 10;
const PLACES = ["services", "tasks", "functions"];

export function usersTold(users: readonly User[]): Users {
  const rank = ({ place }: User): number => (PLACES.includes(place) ? PLACES.indexOf(place) : PLACES.length);
  return {
    count: users.length,
    first: users.toSorted((a, b) => rank(a) - rank(b)).slice(0, USERS_NAMED),
  };
}

/** What one event has; the rest is in another one. */
const IN_ONE_EVENT = 50;

/** The events of a run: only news, so that a tag that has moved is reported once. */
export function eventsOf({ kind, moved, lost, back, wanted }: RefreshReport): readonly object[] {
  if (kind !== "refreshed") return [];
  const rows = [
    ...lost.filter(({ isNews }) => isNews),
    ...moved.filter(({ isNews, copy }) => isNews || copy.kind === "copied"),
    ...back.map((source) => ({ code: "source-back", source })),
    ...wanted
      .filter(({ copy }) => copy.kind === "copied")
      .map(({ source }) => ({ code: "image-copied", source })),
  ];
  return eventPages<object>(rows, IN_ONE_EVENT).map((news) => ({ kind, news }));
}
