/**
 * Why a copy is kept, as a list of rules: each answers with a code, or with `undefined` for the next. A copy that no rule
 * keeps may be deleted. Rules of the account keep every copy.
 */

import type { Read } from "../../network/facts.ts";
import { type Copy, isOurTag } from "../copies.ts";
import {
  type AccountUses,
  type ClusterReport,
  type EcrRepository,
  type ImageUse,
  USE_PLACES,
} from "../facts.ts";
import { longestSchedule } from "../longest-schedule.ts";
import { type Mark, seenOf } from "./mark.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A copy that was used within this time is kept. */
export const RETENTION_MS = 90 * DAY;
/** ECS keeps service deployments for 90 days: as long, an operator may go back to one. */
const ROLLBACK_WINDOW_MS = 90 * DAY;
/** ECR records a pull up to a day late. */
export const RECORDED_LATE_MS = DAY;
const BETWEEN_LOOKS_MS = DAY;
const REPORT_AGE_MAX_MS = DAY;
/** Two services of AWS that differ by more: one of the answers is not from now. */
export const CLOCKS_APART_MAX_MS = 5 * 60_000;

export type KeepCode =
  | "unread"
  | "clocks-differ"
  | "cluster-not-reported"
  | "cluster-not-listed"
  | "schedule-not-understood"
  | "execution-runs"
  | "not-a-copy"
  | "repository-not-ours"
  | "repository-shared"
  | "foreign-tag"
  | "platforms-unknown"
  | "archived"
  | "no-pull-recorded"
  | "pulled-lately"
  | "pushed-lately"
  | "used"
  | "vouches-for-copies"
  | "too-many-digests"
  | "marked-now"
  | "changed-since-mark"
  | "marked-lately"
  | "next-run";

export type Kept = { readonly code: KeepCode; readonly because: string };

export type PruneFacts = AccountUses & {
  /** What each service that answered says the time is. */
  readonly times: readonly number[];
  readonly repositories: Read<EcrRepository>;
  /** Executions of Repull that have not ended: each may be about to use a copy. */
  readonly executions: Read<string>;
  /** Lists of images that were not read to their end. */
  readonly unread: readonly string[];
  readonly marks: ReadonlyMap<string, Mark>;
};

/** What the rules of one copy see. */
type CopyFacts = {
  readonly copy: Copy;
  readonly repository: EcrRepository | undefined;
  /** The earliest that the services say. */
  readonly now: number;
  /** Older than this is old. */
  readonly retentionMs: number;
  readonly usedBy: readonly ImageUse[];
  readonly mark: Mark | undefined;
};

type AccountRule = (facts: PruneFacts) => Kept | undefined;
type CopyRule = (facts: CopyFacts) => Kept | undefined;

const keep = (code: KeepCode, because: string): Kept => ({ code, because });

// biome-ignore format: a table is read by its columns
export const ACCOUNT_RULES: Readonly<Record<string, AccountRule>> = {
  unreadImages: ({ repositories, unread }) => unreadOf(repositories) ?? (unread[0] === undefined ? undefined : keep("unread", unread[0])),
  unreadUses: ({ uses }) => firstOf(USE_PLACES.map((place) => unreadOf(uses[place]))),
  unreadClusters: ({ clusters }) => unreadOf(clusters),
  unreadSchedules: ({ schedules }) => unreadOf(schedules),
  unreadExecutions: ({ executions }) => unreadOf(executions),
  clocks: ({ times }) => times.length > 0 && Math.max(...times) - Math.min(...times) <= CLOCKS_APART_MAX_MS ? undefined : keep("clocks-differ", "the services of AWS do not agree on the time"),
  clusterReports,
  clustersListed,
  schedules: ({ schedules, times }) => { const odd = listOf(schedules).find((one) => longestSchedule([one], Math.min(...times)) === undefined); return odd === undefined ? undefined : keep("schedule-not-understood", `how long the schedule ${odd || "without an expression"} rests is not known`); },
  executionRuns: ({ executions }) => { const [first] = listOf(executions); return first === undefined ? undefined : keep("execution-runs", `${first} runs, and may need a copy`); },
};

// biome-ignore format: a table is read by its columns
export const COPY_RULES: Readonly<Record<string, CopyRule>> = {
  isCopy: ({ copy }) => copy.kind === "other" ? keep("not-a-copy", "no tag of Repull names it") : undefined,
  ours: ({ repository }) => repository?.source ? undefined : keep("repository-not-ours", "its repository has no tag repull:source"),
  shared: ({ repository }) => repository?.readers === "own-account" ? undefined : keep("repository-shared", repository?.readers === "other-accounts" ? "other accounts may pull from its repository" : "its repository's policy is not known"),
  tags: ({ copy }) => copy.kind === "copy" && !copy.tags.every((tag) => isOurTag(tag, copy.digest)) ? keep("foreign-tag", "it has a tag that Repull did not make") : undefined,
  platforms: ({ copy }) => copy.isUnread ? keep("platforms-unknown", "its index has not been read") : undefined,
  archived: ({ copy }) => copy.members.every(({ isActive }) => isActive) ? undefined : keep("archived", "it is archived"),
  pullRecorded: ({ copy }) => copy.kind !== "copy" || copy.members[0]?.pulledAt !== undefined ? undefined : keep("no-pull-recorded", "ECR has recorded no pull of it"),
  pulled: ({ copy, now, retentionMs }) => copy.members.every(({ pulledAt }) => pulledAt === undefined || now - pulledAt > retentionMs) ? undefined : keep("pulled-lately", "it was pulled lately"),
  pushed: ({ copy, now, retentionMs }) => copy.members.every(({ pushedAt }) => pushedAt !== undefined && now - pushedAt > retentionMs) ? undefined : keep("pushed-lately", "it was pushed lately"),
  used: ({ usedBy: [first] }) => first === undefined ? undefined : keep("used", `${first.by} uses it`),
  marked: ({ mark }) => mark === undefined ? keep("marked-now", "it is marked, and looked at again in a day") : undefined,
  unchanged: ({ copy, mark }) => mark === undefined || mark.seen === seenOf(copy) ? undefined : keep("changed-since-mark", "it has changed since it was marked"),
  markedLately: ({ now, mark }) => mark === undefined || now - mark.at >= BETWEEN_LOOKS_MS ? undefined : keep("marked-lately", "it was marked less than a day ago"),
};

/** A cluster's pods pull by the node: no list of ECS shows them. A report from later than now is dated by a clock that is wrong, or was. */
function clusterReports({ clusters, times }: PruneFacts): Kept | undefined {
  const now = Math.max(...times);
  const late = listOf(clusters).find(
    (one) => one.isListed && !(isYoung(one, now) && (one.reportedAt ?? 0) - now <= CLOCKS_APART_MAX_MS),
  );
  if (late === undefined) return undefined;
  const because = late.because ?? "it has not reported them for a day";
  return keep("cluster-not-reported", `the images of the cluster ${late.name} are not known: ${because}`);
}

/** A list without a cluster that is there may be without others too, which never reported. */
function clustersListed({ clusters, times }: PruneFacts): Kept | undefined {
  const now = Math.min(...times);
  const hidden = listOf(clusters).find((one) => !one.isListed && isYoung(one, now));
  return hidden && keep("cluster-not-listed", `${hidden.name} reports its images, and EKS does not list it`);
}

function isYoung({ reportedAt }: ClusterReport, now: number): boolean {
  return reportedAt !== undefined && now - reportedAt <= REPORT_AGE_MAX_MS;
}

/** How old a copy must be: the longest time after which something may need it again. */
export function retentionOf(schedules: readonly string[], now: number): number {
  return Math.max(RETENTION_MS, longestSchedule(schedules, now) ?? 0, ROLLBACK_WINDOW_MS) + RECORDED_LATE_MS;
}

export function listOf<T>(read: Read<T>): readonly T[] {
  return "unread" in read ? [] : read;
}

function unreadOf(read: Read<unknown>): Kept | undefined {
  return "unread" in read ? keep("unread", read.because) : undefined;
}

function firstOf(kept: readonly (Kept | undefined)[]): Kept | undefined {
  return kept.find((one) => one !== undefined);
}
