/** The events of a clean-up: one, or several where what was deleted and marked is more than an event takes. Pure. */

import { eventPages } from "../event-pages.ts";
import type { PruneReport } from "./run-prune.ts";

type Row =
  | { readonly deleted: PruneReport["deleted"][number] }
  | { readonly failed: PruneReport["failed"][number] }
  | { readonly marked: PruneReport["marked"][number] };

/** Each as the whole report is. None where nothing was to be deleted. */
export function pruneEvents(report: PruneReport): readonly PruneReport[] {
  const { kind, deleted, failed, marked } = report;
  if (kind !== "pruned" || deleted.length + failed.length === 0) return [];
  const rows: readonly Row[] = [
    ...deleted.map((one) => ({ deleted: one })),
    ...failed.map((one) => ({ failed: one })),
    ...marked.map((one) => ({ marked: one })),
  ];
  return eventPages(rows).map((page) => ({
    ...report,
    deleted: page.flatMap((row) => ("deleted" in row ? row.deleted : [])),
    failed: page.flatMap((row) => ("failed" in row ? row.failed : [])),
    marked: page.flatMap((row) => ("marked" in row ? row.marked : [])),
  }));
}
