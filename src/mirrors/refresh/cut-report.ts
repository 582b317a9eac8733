/**
 * A report that fits into the answer of an invocation: Lambda takes 6 MB of a synchronous one
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, read 2026-11), and some 3,000 tags with their users are more. What does
 * not fit is counted, and is for the log. Pure.
 */

import type { RefreshReport } from "./refresh-report.ts";

const ANSWER_BYTES_MAX = 5_500_000;
const UNREAD_MAX = 500;

const LISTS = ["lost", "moved", "wanted", "back"] as const;
type List = (typeof LISTS)[number];
type Row = {
  readonly [Name in List]: { readonly list: Name; readonly row: RefreshReport[Name][number] };
}[List];

export type CutReport = {
  readonly answer: RefreshReport;
  /** What is not in it. */
  readonly rest: readonly Row[];
};

/** The worst is kept: lost sources, copies that failed, then the tags with the most users. */
export function cutReport(whole: RefreshReport, bytesMax = ANSWER_BYTES_MAX): CutReport {
  if (bytesOf(whole) <= bytesMax) return { answer: whole, rest: [] };
  const report = { ...whole, unread: firstOf(whole.unread) };
  const rows = LISTS.flatMap((list) => report[list].map((row) => ({ list, row }) as Row));
  let bytes = bytesOf({ ...report, lost: [], moved: [], wanted: [], back: [], cut: COUNTS_MAX });
  const kept = new Set<Row["row"]>();
  const rest: Row[] = [];
  for (const one of rows.toSorted((a, b) => rankOf(a) - rankOf(b) || usersOf(b) - usersOf(a))) {
    bytes += bytesOf(one.row) + 1;
    if (bytes <= bytesMax) kept.add(one.row);
    else rest.push(one);
  }
  if (rest.length === 0) return { answer: report, rest };
  const only = <T extends Row["row"]>(list: readonly T[]): readonly T[] =>
    list.filter((row) => kept.has(row));
  const [lost, moved, wanted] = [only(report.lost), only(report.moved), only(report.wanted)];
  // Of these, which are texts, the first ones stay: as many as fit.
  const back = report.back.slice(0, report.back.length - rest.filter(({ list }) => list === "back").length);
  const cut = {
    lost: report.lost.length - lost.length,
    moved: report.moved.length - moved.length,
    wanted: report.wanted.length - wanted.length,
    back: report.back.length - back.length,
  };
  return { answer: { ...report, lost, moved, wanted, back, cut }, rest };
}

/** Each repository may have been refused with a reason of its own. One that is left out must not look read. */
function firstOf(unread: readonly string[]): readonly string[] {
  if (unread.length <= UNREAD_MAX) return unread;
  return [...unread.slice(0, UNREAD_MAX), `${unread.length - UNREAD_MAX} more could not be read`];
}

const COUNTS_MAX = { lost: 1e9, moved: 1e9, wanted: 1e9, back: 1e9 };

function rankOf(one: Row): number {
  if (one.list === "lost") return 0;
  if (one.list === "back") return 4;
  if (["failed", "none"].includes(one.row.copy.kind)) return 1;
  return one.list === "moved" ? 2 : 3;
}

function usersOf({ list, row }: Row): number {
  if (list === "back") return 0;
  return list === "wanted" ? row.users : row.users.count;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
