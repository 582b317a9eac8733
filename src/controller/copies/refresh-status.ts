/** How the copies of a cluster's images are, as data: what metrics count, and what `repull doctor` reads. */

import * as z from "zod";
import type { SourceRecord } from "../../mirrors/refresh/source-record.ts";

/** The ConfigMap of what was learned of sources: larger than the leader's other state, and written less often. */
export const COPIES_STATE_NAME = "repull-copies";

const times = z.iso.datetime();
const states = ["same", "moved", "gone", "refused", "unreadable"] as const;

/** As `mirrors/refresh` makes it. */
const recordSchema = z.object({
  state: z.enum(states),
  since: z.number(),
  checkedAt: z.number(),
  failures: z.int(),
  told: z.string().optional(),
  copied: z.string().optional(),
});

/** By repository and tag. */
export const sourcesSchema = z.record(z.string(), z.record(z.string(), recordSchema));

export const refreshStatusSchema = z.object({
  schemaVersion: z.literal("1"),
  /** When this was written. */
  at: times,
  /** The function that refreshes the account's copies, and to which the controller leaves it. */
  leftTo: z.string().optional(),
  /** Why nothing is asked, or why nothing is copied. */
  because: z.string().optional(),
  /** Tags in use that have a copy, by what is known of their source. */
  tags: z.partialRecord(z.enum(states), z.int()),
  /** Tags that name other bytes now than their copies are of; `to` is what they name. */
  moved: z.array(z.object({ source: z.string(), to: z.string(), isCopied: z.boolean(), since: times })),
  lost: z.array(z.object({ source: z.string(), state: z.enum(states), since: times })),
});

export type RefreshStatus = z.infer<typeof refreshStatusSchema>;

/** As many as an operator reads. */
const NAMED_MAX = 20;

/** @param records what is known of the tags in use, by their canonical names */
export function refreshStatus(
  now: number,
  records: ReadonlyMap<string, SourceRecord>,
  more: Pick<RefreshStatus, "leftTo" | "because"> = {},
): RefreshStatus {
  const tags: Partial<Record<SourceRecord["state"], number>> = {};
  const moved: RefreshStatus["moved"] = [];
  const lost: RefreshStatus["lost"] = [];
  for (const [source, { state, since, told = "", copied }] of records) {
    tags[state] = (tags[state] ?? 0) + 1;
    const at = new Date(since).toISOString();
    const to = told.split(" ")[1] ?? "";
    if (state === "moved") moved.push({ source, to, isCopied: copied === to, since: at });
    else if (state !== "same") lost.push({ source, state, since: at });
  }
  return {
    schemaVersion: "1",
    at: new Date(now).toISOString(),
    ...more,
    tags,
    moved: moved.slice(0, NAMED_MAX),
    lost: lost.slice(0, NAMED_MAX),
  };
}
