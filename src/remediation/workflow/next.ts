/** The state after an observation, and after a write. Pure: a replay computes the same state from the same results. */

import { optional } from "../../ecs/json-fields.ts";
import type { RolloutStart } from "../deploy/rollout.ts";
import { formatQuotaExceeded } from "../gates/quotas.ts";
import type { Survey } from "../survey/types.ts";
import type { Context } from "./context.ts";
import { planned, planOf } from "./plan.ts";
import { afterRedeploy, afterRestore, afterRollback, afterSecondLook } from "./rules/after-deployment.ts";
import { afterPoll, copied, FIRST_COPY, nextName, rejectCopy, wasMirrored } from "./rules/copy-polls.ts";
import { afterRepoint, afterRun } from "./rules/task-rules.ts";
import type { Seen } from "./seen.ts";
import { type State, surveyAgain } from "./state.ts";
import { afterObservation } from "./time-budget.ts";
import type { StartedCopy, WriteResult } from "./write.ts";

/** What an observation adds to what is known. */
export function withSeen(before: State, seen: Seen, context: Context): State {
  const state = "at" in seen ? { ...before, time: afterObservation(before.time, seen.at) } : before;
  switch (seen.kind) {
    case "survey":
      return seen.result.kind === "survey" ? withSurvey(state, seen.result, seen, context) : state;
    case "copy":
      return afterPoll(state, seen);
    case "service":
      return afterSecondLook(state, seen.deployments, context);
    case "rollout": {
      const { rollout } = state;
      if (rollout === undefined) return state;
      const { verdict } = seen;
      const deploymentId = rollout.deploymentId ?? ("deployment" in verdict ? verdict.deployment : undefined);
      const inPlace = verdict.kind === "superseded" && !rollout.wasDisplaced ? verdict.revision : undefined;
      const other = verdict.kind === "in-progress" ? verdict.replaced : inPlace;
      return {
        ...state,
        rollout: {
          ...rollout,
          ...optional("deploymentId", deploymentId),
          ...optional("foreignRevision", rollout.foreignRevision ?? other),
        },
      };
    }
    default:
      return state;
  }
}

function withSurvey(
  state: State,
  surveyed: Survey,
  { stopped, closed }: Pick<Extract<Seen, { kind: "survey" }>, "stopped" | "closed">,
  context: Context,
): State {
  const meant = Object.fromEntries(
    surveyed.images.flatMap(({ image, trusted }) => (trusted ? [[image, trusted]] : [])),
  );
  const {
    revertedSubstitute: _broughtBack,
    skippedNewerRevision: _newer,
    managedBy: _managedBy,
    ...known
  } = state;
  return {
    ...known,
    plan: {
      surveyed,
      plan: planOf(surveyed, context.options.policy),
      ...optional("stopped", stopped),
      ...optional("closed", closed),
    },
    meant: { ...meant, ...state.meant },
    ...optional("managedBy", surveyed.managedBy),
    ...optional("revertedSubstitute", surveyed.recentSubstitutions.revertedSubstitute),
    ...optional("skippedNewerRevision", surveyed.recentSubstitutions.newer),
  };
}

/** The state after a write. */
export function next(state: State, result: WriteResult, context: Context): State {
  if (result.write === "throttled") return { ...state, throttled: state.throttled + 1, isThrottled: true };
  if (result.write === "calendar-closed") {
    const { plan } = state;
    return plan === undefined ? state : { ...state, plan: { ...plan, closed: result.closed } };
  }
  const now = { ...state, throttled: 0 };
  switch (result.write) {
    case "acquire-quota":
      return afterQuota(now, result.waiting);
    case "start-copy":
      return afterCopyStart(now, result.copy);
    case "register":
      return afterRegister(now, result.registered);
    case "start":
      return afterStart(now, result.started, context);
    case "undo":
      return afterRollback(now, result.restored);
    case "restore":
      return afterRestore(now, result.redeployed);
  }
}

function afterStart(state: State, started: RolloutStart, context: Context): State {
  if (started.of === "service") return afterRedeploy(state, started.redeployed, context);
  const { task } = state;
  if (task === undefined) return state;
  return started.of === "target"
    ? afterRepoint(state, task, started.result)
    : afterRun(state, task, started.run);
}

function afterQuota(state: State, waiting: State["quota"]["waiting"]): State {
  const { quota } = state;
  if (waiting !== undefined) return { ...state, quota: { ...quota, waiting } };
  const { toldOf: _, ...granted } = { ...quota, granted: quota.of === "writes", hasWaited: false };
  const rejected =
    quota.of === "copies" ? state.rejected.filter(({ held }) => held === undefined) : state.rejected;
  const after = { ...state, quota: granted, rejected };
  return quota.hasWaited || quota.of === "copies" ? surveyAgain(after) : after;
}

function afterCopyStart(state: State, { name, start }: StartedCopy): State {
  const copying = state.copying ?? FIRST_COPY;
  const now = { ...state, copying };
  if (typeof start === "object")
    return rejectCopy(now, { because: formatQuotaExceeded(start.held), held: start.held });
  if (start === "waiting")
    return { ...now, copying: { ...copying, name, own: copying.own + 1, polls: 0, waitedSeconds: 0 } };
  return start === "done" && !wasMirrored(now) ? copied(now) : nextName(now, copying);
}

function afterRegister(
  state: State,
  registered: Extract<WriteResult, { write: "register" }>["registered"],
): State {
  const { surveyed, plan } = planned(state);
  if (registered.kind === "superseded") return { ...state, ending: { ...registered, images: plan.images } };
  const ours = registered.arn;
  const written = {
    ...state,
    ...optional("wayBack", registered.wayBack),
    newRevision: ours,
    registered: [...state.registered, ours],
  };
  const { task } = surveyed;
  if (task === undefined) return written;
  return {
    ...written,
    task: {
      surveyed: { ...surveyed, task },
      images: plan.images,
      substitution: { previousRevision: surveyed.failingRevision, newRevision: ours },
      target: 0,
      repointed: [],
      touched: 0,
      waitedSeconds: 0,
    },
  };
}
