/** What follows a new revision that no service runs: its targets are repointed, the task is run again and watched. */

import type { RepointResult, RerunResult } from "../../deploy/rollout.ts";
import { whyNotRepointed } from "../../deploy/schedule-rollout.ts";
import { type ScheduledTarget, targetName } from "../../ports/schedules.ts";
import type { TaskRun } from "../../report/ending-reason.ts";
import { startAgainSteps } from "../../report/next-steps.ts";
import type { RemediationResult } from "../../report/report.ts";
import type { Action } from "../action.ts";
import type { Seen } from "../seen.ts";
import type { State, TaskWork } from "../state.ts";
import { conclude } from "./conclude.ts";
import type { Rule } from "./rule.ts";

const POLL_SECONDS = 15;
/** A pull, a slow start: long enough for both. */
const WATCH_SECONDS_MAX = 1200;

export const taskWork: Rule = (state, seen, context) => {
  const { task } = state;
  if (task === undefined) return undefined;
  const { action } = task.surveyed.task;
  const { images, substitution, repointed: targets } = task;
  const end = (
    kind: RemediationResult["kind"],
    run: TaskRun,
    more: Partial<RemediationResult> = {},
  ): Action => {
    const because = { code: "task", ...substitution, targets, run } as const;
    return conclude(state, { images, substitution, kind, because, ...more }, context);
  };
  const byHand = { nextSteps: startAgainSteps(substitution.newRevision, images) };
  if (action === "register" || action === "report")
    return end("redeployed", { code: "only-registered" }, byHand);
  const moves = action !== "run";
  if (moves && currentTarget(task) !== undefined) return { kind: "write", write: "start" };
  if (moves && task.touched === 0) return end("superseded", { code: "left-alone" });
  if (action === "move") return end("redeployed", { code: "not-repeated" });
  if (task.notRun !== undefined) {
    const kind = moves ? "redeployed" : "rollout-timed-out";
    return end(kind, { code: "not-started", because: task.notRun }, byHand);
  }
  if (task.taskArn === undefined) return { kind: "write", write: "start" };
  return watchTask(state, task, seen, (kind, run) => end(kind, run, { transient: false }));
};

function watchTask(
  state: State,
  task: TaskWork,
  seen: Seen,
  end: (kind: RemediationResult["kind"], run: TaskRun) => Action,
): Action {
  const { taskArn: arn = "", waitedSeconds } = task;
  const verdict = seen.kind === "rollout" ? seen.verdict : undefined;
  if (verdict?.kind === "succeeded" || verdict?.kind === "failed")
    return end(verdict.kind, { code: "ended", arn, because: verdict.because });
  if (waitedSeconds >= WATCH_SECONDS_MAX)
    return end("rollout-timed-out", { code: "too-slow", arn, minutes: WATCH_SECONDS_MAX / 60 });
  return {
    kind: "wait",
    label: "task",
    seconds: POLL_SECONDS,
    state: { ...state, task: { ...task, waitedSeconds: waitedSeconds + POLL_SECONDS } },
  };
}

/** The next target to be written; undefined: all of them were. */
export function currentTarget({ surveyed, target }: TaskWork): ScheduledTarget | undefined {
  return surveyed.task.targets[target];
}

/** The state after one target. */
export function afterRepoint(state: State, task: TaskWork, result: RepointResult): State {
  const target = currentTarget(task);
  if (target === undefined) return state;
  const left = whyNotRepointed(target, task.substitution.previousRevision);
  const code = result === "changed" ? "changed" : "moved";
  const told = left ?? { name: targetName(target), code };
  // A target without a revision runs ours from its next run on.
  const touched = told.code === "moved" || told.code === "unpinned" ? 1 : 0;
  const done = { target: task.target + 1, touched: task.touched + touched };
  return { ...state, task: { ...task, ...done, repointed: [...task.repointed, told] } };
}

export function afterRun(state: State, task: TaskWork, result: RerunResult): State {
  const ran = result.kind === "started" ? { taskArn: result.arn } : { notRun: result.because };
  return { ...state, task: { ...task, ...ran } };
}
