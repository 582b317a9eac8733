/** `repull history`: what was done, when, why, with what proof, and how it ended. */

import { shortRevision } from "../../ecs/arn.ts";
import { activeInServices } from "../../history/active-substitutions.ts";
import { type ExecutionSummary, type HistoryEntry, mergeHistory } from "../../history/history.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { formatMoment } from "../../text/format-moment.ts";
import { linesOf } from "../../text/visible.ts";
import { type HistorySession, parseSince } from "../account/sessions/history-session.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";

export type HistoryInput = { readonly since: string; readonly json: boolean };

/** Reads executions and tags, writes nothing. Exit status 0. */
export async function history(input: HistoryInput, session: HistorySession, io: CommandIo): Promise<number> {
  const since = parseSince(input.since, session.clock.now());
  io.err(`${session.where}\n`);
  const executions = await remembered(session, since, io);
  const deeds = mergeHistory(
    executions ?? [],
    await activeInServices(session.inventory, session.ports),
    since,
  );
  if (input.json) {
    for (const deed of deeds) io.out(jsonLine("history", deed));
    return 0;
  }
  // Without the executions nothing is known of what was undone, rolled back or only planned.
  if (deeds.length === 0)
    io.out(
      executions === undefined
        ? "no service runs a substitute of Repull; what else was done is not known\n"
        : `nothing was done since ${formatMoment(since)}\n`,
    );
  else io.out(deeds.map(formatEntry).join("\n"));
  return 0;
}

/** Tags alone show much: an engine that does not answer is reported, and is not a failure. Undefined: it did not answer. */
async function remembered(
  { executionHistory }: HistorySession,
  since: number,
  io: CommandIo,
): Promise<readonly ExecutionSummary[] | undefined> {
  try {
    return await executionHistory.past(since);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    io.err(
      `the executions cannot be read, what follows is from the revisions' tags alone: ${error.message}\n`,
    );
    return undefined;
  }
}

/** A paragraph for each: a table would be as wide as its longest reason. */
function formatEntry(deed: HistoryEntry): string {
  const { at, ended, workload, former, revision, images, active, execution, because, decision } = deed;
  const time = at === undefined ? "time not known" : formatMoment(at);
  const moved =
    revision === undefined ? [] : [`${shortRevision(former ?? "?")} → ${shortRevision(revision)}`];
  const lines = [
    [
      time,
      ended,
      ...(workload === undefined ? [] : [workload]),
      ...moved,
      ...(active ? ["active"] : []),
    ].join("  "),
    ...(because === undefined ? [] : [because]),
    ...(decision?.kind === "approved" ? [`approved by ${decision.by}`] : []),
    ...images.map(
      ({ image, substitute, proof }) => `${image} → ${substitute}${proof === undefined ? "" : ` (${proof})`}`,
    ),
    execution,
  ];
  return linesOf(lines, "    ");
}
