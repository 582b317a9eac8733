/** What follows a new revision that no service runs: its targets are repointed, the task is run again and watched. */

import { shortRevision } from "../../../ecs/arn.ts";
import type { RepointResult, RerunResult } from "../../deploy/rollout.ts";
import { whyNotRepointed } from "../../deploy/schedule-rollout.ts";
import { type ScheduledTarget, targetName } from "../../ports/schedules.ts";
import { sourceChanges } from "../../report/next-steps.ts";
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
  const registered = `${shortRevision(task.substitution.newRevision)} was registered in place of ${shortRevision(task.substitution.previousRevision)}`;
  const end = (ending: Pick<RemediationResult, "kind" | "because"> & Partial<RemediationResult>): Action =>
    conclude(state, { images: task.images, substitution: task.substitution, ...ending }, context);
  if (action === "register" || action === "report") {
    return end({
      kind: "redeployed",
      because: `${registered}; the task was not run again (StandaloneTasks=register)`,
      nextSteps: [
        `start the task again, on ${shortRevision(task.substitution.newRevision)}`,
        ...sourceChanges(task.images),
      ],
    });
  }
  const moves = action !== "run";
  if (moves && currentTarget(task) !== undefined) return { kind: "write", write: "start" };
  const moved = task.sentences.join("; ");
  if (moves && task.touched === 0) return end({ kind: "superseded", because: moved });
  if (action === "move") {
    return end({
      kind: "redeployed",
      because: `${registered}; ${moved}; the run that failed was not repeated (StandaloneTasks=run repeats it)`,
    });
  }
  const before = moves ? `${registered}; ${moved}` : registered;
  if (task.notRun !== undefined) {
    return end({
      kind: moves ? "redeployed" : "rollout-timed-out",
      because: `${before}; the task was not run again: ${task.notRun}`,
      nextSteps: [
        `start the task again, on ${shortRevision(task.substitution.newRevision)}`,
        ...sourceChanges(task.images),
      ],
    });
  }
  if (task.taskArn === undefined) return { kind: "write", write: "start" };
  return watchTask(state, task, seen, (kind, because) =>
    end({ kind, because: `${before}; ${because}`, transient: false }),
  );
};

function watchTask(
  state: State,
  task: TaskWork,
  seen: Seen,
  end: (kind: RemediationResult["kind"], because: string) => Action,
): Action {
  const { taskArn = "", waitedSeconds } = task;
  const name = `the task was run again (${taskArn.slice(taskArn.lastIndexOf("/") + 1)})`;
  const verdict = seen.kind === "rollout" ? seen.verdict : undefined;
  if (verdict?.kind === "succeeded" || verdict?.kind === "failed")
    return end(verdict.kind, `${name} ${verdict.because}`);
  if (waitedSeconds >= WATCH_SECONDS_MAX)
    return end("rollout-timed-out", `${name} and has not started in ${WATCH_SECONDS_MAX / 60} minutes`);
  return {
    ...{ kind: "wait", label: "task", seconds: POLL_SECONDS },
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
  const { previousRevision, newRevision } = task.substitution;
  const left = whyNotRepointed(target, previousRevision);
  const sentence =
    left?.sentence ??
    (result === "changed"
      ? `${targetName(target)} was changed meanwhile, and was left as it is`
      : `${targetName(target)} was moved from ${shortRevision(previousRevision)} to ${shortRevision(newRevision)}`);
  const touched = left?.touched ?? (result === "changed" ? 0 : 1);
  const done = { target: task.target + 1, touched: task.touched + touched };
  return { ...state, task: { ...task, ...done, sentences: [...task.sentences, sentence] } };
}

export function afterRun(state: State, task: TaskWork, result: RerunResult): State {
  const ran = result.kind === "started" ? { taskArn: result.arn } : { notRun: result.because };
  return { ...state, task: { ...task, ...ran } };
}
