/** A status as lines for a reader: whether it may write first, then what runs, what was done, and what waits. */

import type { Status } from "./status-line.ts";

const SHOWN_MAX = 20;

export function formatStatus(status: Status, now: number): readonly string[] {
  const { running, done, waiting, unread } = status;
  const isAsking = running.some(({ waitsForApproval }) => waitsForApproval);
  return [
    writesLine(status),
    ...section("Running", running, ({ execution, workload, startedAt, waitsForApproval }) => [
      workload ?? "",
      `since ${age(startedAt, now)}`,
      execution,
      waitsForApproval ? "waits for approval" : "",
    ]),
    ...(isAsking
      ? ["  repull approve shows the plans that wait, repull approve EXECUTION approves one"]
      : []),
    ...section("Done in 24 hours", done, ({ execution, workload, outcome, at, because, undo }) => [
      at === undefined ? "" : ago(at, now),
      outcome,
      workload ?? execution,
      [because ?? [], undo === undefined ? [] : `undo: ${undo.join(" ")}`].flat().join("; "),
    ]),
    ...section(
      "Waiting services",
      waiting,
      ({ workload, runningCount, desiredCount, deployment, failure, skippedBecause }) => {
        const skipped = skippedBecause === undefined ? "" : `; skipped: ${skippedBecause}`;
        const newest =
          deployment === undefined
            ? ""
            : `, ${deployment.runningCount} of ${deployment.desiredCount} of its newest deployment`;
        return [workload, `${runningCount} of ${desiredCount} tasks run${newest}`, `${failure}${skipped}`];
      },
    ),
    ...unread.map((what) => `Not read: ${what}`),
  ];
}

function writesLine({ writes, stoppedBecause = "", mode, stack }: Status): string {
  const rules = stack === undefined ? "no stack" : `mode ${mode}`;
  if (writes === "unknown") return `Writes: unknown, so nothing is written (${rules})`;
  if (writes === "allowed") return `Writes: allowed (${rules})`;
  // repull pause begins its reason so; a value that is written by hand may begin otherwise.
  const paused = stoppedBecause.startsWith("paused") ? stoppedBecause : `paused (${stoppedBecause})`;
  return `Writes: ${paused}; repull resume${stack === undefined ? "" : ` --stack ${stack}`} lets it write again`;
}

/** Rows of one kind, in columns. */
function section<T>(
  title: string,
  all: readonly T[],
  cellsOf: (one: T) => readonly string[],
): readonly string[] {
  if (all.length === 0) return [`${title}: none`];
  const more = all.length > SHOWN_MAX ? [`  and ${all.length - SHOWN_MAX} more (--json lists all)`] : [];
  const rows = all.slice(0, SHOWN_MAX).map(cellsOf);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    `  ${row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .filter((_, column) => widths[column] !== 0)
      .join("  ")}`.trimEnd(),
  );
  return [`${title}: ${all.length}`, ...lines, ...more];
}

/** `17 min`, `3 h`. */
function age(time: string, now: number): string {
  const minutes = Math.max(0, Math.round((now - Date.parse(time)) / 60_000));
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function ago(time: string, now: number): string {
  const since = age(time, now);
  return since === "0 min" ? "just now" : `${since} ago`;
}
