/** A status as lines for a reader: whether it may write first, then what runs, what was done, and what waits. */

import type { Status } from "./status-line.ts";

const SHOWN_MAX = 20;

export function formatStatus(status: Status, now: number): readonly string[] {
  const { running, done, waiting, unread } = status;
  return [
    writesLine(status),
    ...section("Running", running, ({ execution, workload, startedAt, waitsForApproval }) => {
      const approval = waitsForApproval ? `, waits for approval: repull approve ${execution}` : "";
      return `${workload ?? execution}  since ${ago(startedAt, now)}${workload === undefined ? "" : `  ${execution}`}${approval}`;
    }),
    ...section("Done in 24 hours", done, ({ execution, workload, outcome, at, because }) =>
      [
        at === undefined ? "" : ago(at, now),
        outcome,
        workload ?? execution,
        ...(because === undefined ? [] : [because]),
      ].join("  "),
    ),
    ...section(
      "Waiting services",
      waiting,
      ({ workload, runningCount, desiredCount, deployment, failure, skippedBecause }) => {
        const skipped = skippedBecause === undefined ? "" : `; skipped: ${skippedBecause}`;
        const newest =
          deployment === undefined
            ? ""
            : `, ${deployment.runningCount} of ${deployment.desiredCount} of its newest deployment`;
        return `${workload}  ${runningCount} of ${desiredCount} tasks run${newest}  ${failure}${skipped}`;
      },
    ),
    ...unread.map((what) => `Not read: ${what}`),
  ];
}

function writesLine({ writes, stoppedBecause, mode, stack }: Status): string {
  const rules = stack === undefined ? "no stack" : `mode ${mode}`;
  if (writes === "unknown") return `Writes: unknown, so nothing is written (${rules})`;
  if (writes === "allowed") return `Writes: allowed (${rules})`;
  return `Writes: paused (${stoppedBecause}); repull resume${stack === undefined ? "" : ` --stack ${stack}`} lets it write again`;
}

function section<T>(title: string, all: readonly T[], lineOf: (one: T) => string): readonly string[] {
  if (all.length === 0) return [`${title}: none`];
  const more = all.length > SHOWN_MAX ? [`  and ${all.length - SHOWN_MAX} more (--json lists all)`] : [];
  return [`${title}: ${all.length}`, ...all.slice(0, SHOWN_MAX).map((one) => `  ${lineOf(one)}`), ...more];
}

function ago(time: string, now: number): string {
  const minutes = Math.max(0, Math.round((now - Date.parse(time)) / 60_000));
  if (minutes === 0) return "just now";
  return minutes < 120 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}
