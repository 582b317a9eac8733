/**
 * What is remembered of a copied tag between two runs, so that each change at its source is reported once. Pure.
 *
 * A tag that is gone is reported at once. A registry that refuses is as well: Docker Hub answers 401 for a repository that was
 * deleted. Silence and nonsense are reported when three runs in a row met nothing else. A limit says nothing about the image.
 */

import type { SourceHead } from "../source-states.ts";

export type SourceRecord = {
  readonly state: "same" | "moved" | "gone" | "refused" | "unreadable";
  /** Since when it is so, in milliseconds since the epoch. */
  readonly since: number;
  readonly checkedAt: number;
  /** Runs in a row without an answer. */
  readonly failures: number;
  /** What was reported last, with the digest of a tag that had moved. */
  readonly told?: string;
  /** The digest of which copies of the tag are known to be here; empty: of none. Absent: an earlier release did not say. */
  readonly copied?: string;
};

export type LossCode = "source-gone" | "source-refused" | "source-unreadable";
export type NewsCode = LossCode | "tag-moved" | "source-back";

const FAILURES_UNTIL_TOLD = 3;

/** @param isCopied whether the bytes that the tag names are here. Answers `before` where nothing was learned. */
export function recordOf(
  before: SourceRecord | undefined,
  head: SourceHead,
  isCopied: boolean,
  now: number,
): { readonly record: SourceRecord | undefined; readonly news?: NewsCode } {
  const state = stateOf(head, isCopied);
  if (state === undefined) return { record: before };
  const failures = state === "unreadable" ? (before?.failures ?? 0) + 1 : 0;
  const since = before?.state === state ? before.since : now;
  const none = head.kind === "found" && before === undefined ? "" : before?.copied;
  const copied = head.kind === "found" && isCopied ? head.digest : none;
  const record = { state, since, checkedAt: now, failures, ...(copied === undefined ? {} : { copied }) };
  const news = newsOf(state, failures, before?.told);
  if (news === undefined) {
    // What a silent registry said before its silence is not said again after it.
    const told = state === "unreadable" ? before?.told : undefined;
    return { record: told === undefined ? record : { ...record, told } };
  }
  const told = news === "tag-moved" && head.kind === "found" ? `${news} ${head.digest}` : news;
  return { record: { ...record, told }, ...(told === before?.told ? {} : { news }) };
}

function stateOf(head: SourceHead, isCopied: boolean): SourceRecord["state"] | undefined {
  if (head.kind === "found") return isCopied ? "same" : "moved";
  if (head.kind === "gone") return "gone";
  return head.code === "refused" || head.code === "unreadable" ? head.code : undefined;
}

function newsOf(
  state: SourceRecord["state"],
  failures: number,
  told: string | undefined,
): NewsCode | undefined {
  if (state === "moved") return "tag-moved";
  if (state === "gone") return "source-gone";
  if (state === "refused") return "source-refused";
  if (state === "unreadable") return failures >= FAILURES_UNTIL_TOLD ? "source-unreadable" : undefined;
  return told !== undefined && LOSSES.has(told) ? "source-back" : undefined;
}

const LOSSES: ReadonlySet<string> = new Set(["source-gone", "source-refused", "source-unreadable"]);
