/** How the index is, as data: what metrics count, and what `repull doctor` reads from the leader's state. */

import * as z from "zod";
import type { IndexRow } from "../kubernetes/image-index.ts";

const times = z.iso.datetime();

export const indexStatusSchema = z.object({
  schemaVersion: z.literal("1"),
  /** When the leader looked at every image in use. */
  at: times,
  leader: z.string(),
  images: z.int(),
  due: z.int(),
  /** Rows by state: `placed`, or the first code that says why not. */
  rows: z.record(z.string(), z.int()),
  platforms: z.array(z.string()),
  requests: z.object({ left: z.int(), stoppedUntil: times.optional() }),
  /** Rows that were removed because no proof came in time: the newest first. */
  expired: z.array(z.object({ image: z.string(), at: times, codes: z.array(z.string()) })),
  /** Kinds of objects that cannot be read, and why: nothing is decided before. */
  missing: z.record(z.string(), z.string()),
  /** Why the index could not be written. */
  refused: z.string().optional(),
});

export type IndexStatus = z.infer<typeof indexStatusSchema>;

export const EXPIRED_MAX = 20;

/** How `refused` begins where an upgrade of the definition is the remedy. */
export const OLD_DEFINITION = "the definition imageindexes.repull.dev is older than the controller";

/** `placed`, or why not. */
export function rowsByState(rows: Iterable<IndexRow>): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { use, codes } of rows) {
    const state = use === undefined ? (codes?.[0] ?? "no-source") : "placed";
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}
