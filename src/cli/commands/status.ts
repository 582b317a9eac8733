/**
 * `repull status`: whether Repull may write, what runs, what waits, what was done in a day, and which services wait.
 *
 * Each part is read by itself: one that cannot be read is named, and the others are still shown.
 */

import type { RunningExecution } from "../../aws/stack/running-executions.ts";
import { type DoneByHand, doneByHand } from "../../history/done-by-hand.ts";
import { mergeHistory } from "../../history/history.ts";
import { readOnce } from "../../history/read-once.ts";
import { waitingServices } from "../../remediation/detect/waiting-services.ts";
import { latestApproval } from "../../remediation/gates/pending-approvals.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { linesOf } from "../../text/visible.ts";
import type { StatusSession } from "../account/sessions/status-session.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { formatStatus } from "../output/format-status.ts";
import { jsonLine } from "../output/json-line.ts";
import type { Status } from "../output/status-line.ts";

const DAY_MS = 86_400_000;
/** Histories that are read at a time, and in all: a storm has hundreds of executions. */
const AT_ONCE = 8;
const READ_MAX = 48;

/** Exit status 0 where every part could be read, 5 where one could not. */
export async function status(
  input: { readonly json: boolean },
  session: StatusSession,
  io: CommandIo,
): Promise<number> {
  io.err(`${session.where}\n`);
  const unread: string[] = [];
  const part = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      unread.push(`${what}: ${error.message}`);
      return undefined;
    }
  };
  const { config, stack, clock } = session;
  const since = clock.now() - DAY_MS;
  // Two parts read the services.
  const inventory = readOnce(session.inventory);
  const [writes, executions, past, byHand, waiting] = await Promise.all([
    part("the kill switch", () => config.killSwitch.activeReason()),
    stack && part("what runs", () => stack.running()),
    stack && part("what was done", () => stack.history.past(since)),
    part("what was done by hand", () => doneByHand(inventory, session, since)),
    part("the services that wait", () => waitingServices(inventory, session.ecs, config.policy)),
  ]);
  const isKnown = !unread.some((what) => what.startsWith("the kill switch"));
  const told: Status = {
    type: "status",
    ...(config.stack === undefined ? {} : { stack: config.stack }),
    mode: config.policy.mode,
    writes: !isKnown ? "unknown" : writes === undefined ? "allowed" : "stopped",
    ...(writes === undefined ? {} : { stoppedBecause: writes }),
    running: executions === undefined ? [] : await withApprovals(executions, session, part),
    done: [...mergeHistory(past ?? [], [], since), ...(byHand ?? [])]
      .filter(({ ended }) => ended !== "running")
      .toSorted((one, other) => (other.at ?? 0) - (one.at ?? 0))
      .map(doneOf),
    waiting: [...(waiting ?? [])],
    unread,
  };
  io.out(input.json ? jsonLine("status", told) : linesOf(formatStatus(told, clock.now())));
  return unread.length === 0 ? EXIT.done : EXIT.unfinished;
}

function doneOf({
  execution,
  endedAt,
  at,
  ended,
  workload,
  because,
  undo,
}: DoneByHand): Status["done"][number] {
  return {
    execution,
    outcome: ended,
    ...(endedAt === undefined && at === undefined ? {} : { at: new Date(endedAt ?? at ?? 0).toISOString() }),
    ...(workload === undefined ? {} : { workload }),
    ...(because === undefined ? {} : { because }),
    ...(undo === undefined ? {} : { undo: [...undo] }),
  };
}

/** Those that wait for an approval say so; the newest few of a storm are asked about. */
async function withApprovals(
  executions: readonly RunningExecution[],
  { stack }: StatusSession,
  part: <T>(what: string, read: () => Promise<T>) => Promise<T | undefined>,
): Promise<Status["running"]> {
  const told: Status["running"][number][] = [];
  for (let first = 0; first < executions.length; first += AT_ONCE)
    told.push(
      ...(await Promise.all(
        executions.slice(first, first + AT_ONCE).map(async ({ startedAt, ...execution }) => {
          const history =
            first < READ_MAX && stack !== undefined
              ? await part(`what ${execution.execution} waits for`, () =>
                  stack.approvals.history(execution.execution),
                )
              : undefined;
          const isWaiting = history !== undefined && latestApproval(history).kind === "waiting";
          return {
            ...execution,
            startedAt: new Date(startedAt).toISOString(),
            waitsForApproval: isWaiting,
          };
        }),
      )),
    );
  return told;
}
