/** The rules once our change is written: whether it holds, whose deployment is in place, and when to go back. */

import { optional } from "../../../ecs/json-fields.ts";
import { repositoryOf } from "../../../image/reference.ts";
import type { RolloutStatus } from "../../deploy/rollout.ts";
import type { Seen } from "../seen.ts";
import { type FailedSubstitute, nextLook, type Rollout } from "../state.ts";
import { overwriting, overwrote } from "./after-deployment.ts";
import { conclude, ended, PAUSES_SECONDS, rollBack, stepFailed, throttled } from "./conclude.ts";
import { restored } from "./restored-rule.ts";
import type { Rule } from "./rule.ts";
import { taskWork } from "./task-rules.ts";

/** One substitute and, where it cannot be pulled, another: more would be guessing. */
const ATTEMPTS_MAX = 3;
/** Longer than ECS has been seen to answer with the past. */
const SECOND_LOOK_SECONDS = 60;
/** How often it is looked for a deployment of another's that ours may have replaced, where nothing else is waited for. */
const ACCEPTED_LOOKS_MAX = 3;
const POLL_SECONDS_MAX = 60;
/** A rollout of hours is polled less often: each poll is part of an execution's bounded history. */
const HOURS_BEGIN_SECONDS = 3600;
const POLL_SECONDS_OF_HOURS = 300;
const MANY_HOURS_BEGIN_SECONDS = 6 * 3600;
const POLL_SECONDS_OF_MANY_HOURS = 600;

/** Before a rollback is written again: AWS answers within the hour, or its operator has to look. */
const ROLLBACK_PAUSES_SECONDS = [60, 300, 900, 1800] as const;

/** A rollback is not given up for an AWS that did not answer: the service would stay on what failed. */
const retryRollback: Rule = (state, seen, { options }) => {
  const { failed: failedWrite, ...kept } = state;
  const failed = seen.kind === "failed" ? seen.failed : failedWrite;
  const goesBack = state.rollback !== undefined || state.overwritten !== undefined;
  if (!goesBack || failed?.transient !== true || options.surveysAgain === false) return undefined;
  const seconds = ROLLBACK_PAUSES_SECONDS[state.rollbackPauses];
  if (seconds === undefined) return undefined;
  return {
    kind: "wait",
    label: "rollback",
    seconds,
    doing: "no-answer",
    state: { ...kept, rollbackPauses: state.rollbackPauses + 1 },
  };
};

/** A rollout that cannot be read is looked at again: a new survey would not know what our write has replaced. */
const watchAgain: Rule = (state, seen, { options }) => {
  const { rollout, ending } = state;
  if (rollout === undefined || ending !== undefined) return undefined;
  if (seen.kind !== "failed" || seen.failed.transient !== true) return undefined;
  const seconds = options.surveysAgain === false ? undefined : PAUSES_SECONDS[state.pauses];
  if (seconds === undefined) return undefined;
  return {
    kind: "wait",
    label: "rollout",
    seconds,
    doing: "no-answer",
    state: {
      ...state,
      pauses: state.pauses + 1,
      watchedSeconds: state.watchedSeconds + seconds,
      rollout: { ...rollout, waitedSeconds: rollout.waitedSeconds + seconds },
    },
  };
};

/**
 * Another revision is in place of ours. One answer may be of the past: it is believed when it is seen twice. A caller who
 * does not wait has it looked at again at once.
 */
const superseded: Rule = (state, _seen, { options }) => {
  const { displaced } = state;
  if (displaced === undefined) return undefined;
  const after = { ...state, displaced: { ...displaced, isWaitedFor: true } };
  if (options.waitForRollout === false) return { kind: "observe", state: after };
  return { kind: "wait", label: "second look", seconds: SECOND_LOOK_SECONDS, state: after };
};

/** Our write replaced a deployment that was not there when we surveyed: that one is deployed again. */
const restoreOverwritten: Rule = (state, seen) => {
  const { overwritten, rollout } = state;
  if (overwritten === undefined) {
    if (rollout === undefined || seen.kind !== "rollout" || seen.verdict.kind !== "overwrote")
      return undefined;
    const { revision, deployments: known } = seen.verdict;
    const { surveyed, newRevision, images } = rollout;
    const given = {
      revision,
      knownDeploymentIds: known,
      over: newRevision,
      substitution: { previousRevision: surveyed.failingRevision, newRevision },
      images,
    };
    return { kind: "write", write: "restore", state: overwriting(state, surveyed, given) };
  }
  if (!overwritten.mustWait) return { kind: "write", write: "restore" };
  return {
    kind: "wait",
    label: "restore",
    seconds: SECOND_LOOK_SECONDS,
    state: { ...state, overwritten: { ...overwritten, mustWait: false } },
  };
};

/** A rollback that was throttled is written again. */
const rollBackAgain: Rule = (state) =>
  state.rollback === undefined ? undefined : { kind: "write", write: "undo" };

/** ECS answers with the past, or what ours has replaced could not be read. */
function showsNoDeployment(seen: Seen): boolean {
  if (seen.kind !== "rollout" || seen.verdict.kind !== "in-progress") return false;
  return seen.verdict.deployment === undefined;
}

/** The redeployment was accepted, and the caller does not wait for more. */
const acceptedOnly: Rule = (state, seen, context) => {
  const { rollout } = state;
  if (rollout === undefined || context.options.waitForRollout !== false) return undefined;
  const { surveyed, newRevision, images } = rollout;
  if (rollout.foreignRevision !== undefined && showsNoDeployment(seen)) {
    // Whether another's deployment was lost is not known yet: for that even who does not wait has to.
    const { polls, waitedSeconds: waited } = rollout;
    const because = overwrote(rollout.foreignRevision, "unseen");
    if (polls === ACCEPTED_LOOKS_MAX)
      return conclude(state, { kind: "rollout-timed-out", because, images }, context);
    const later = { ...rollout, polls: polls + 1, waitedSeconds: waited + SECOND_LOOK_SECONDS };
    return {
      kind: "wait",
      label: "restore",
      seconds: SECOND_LOOK_SECONDS,
      state: { ...state, rollout: later },
    };
  }
  const because = { code: "not-watched", previousRevision: surveyed.failingRevision, newRevision } as const;
  return conclude(state, { kind: "redeployed", because, images }, context);
};

const rolloutDone: Rule = (state, seen, context) => {
  const { rollout } = state;
  if (rollout === undefined || seen.kind !== "rollout") return undefined;
  const { verdict } = seen;
  const { images } = rollout;
  switch (verdict.kind) {
    case "succeeded":
      return conclude(state, { ...verdict, images }, context);
    case "stopped":
      return conclude(state, { ...verdict, kind: "rollout-timed-out", images }, context);
    case "superseded":
    case "rolled-back": {
      if (!rollout.wasDisplaced) return undefined;
      const kind = verdict.kind === "superseded" ? verdict.kind : "rolled-back";
      return conclude(state, { ...verdict, kind, images }, context);
    }
    default:
      return undefined;
  }
};

/** Ours starts and fails: the previous revision is better. */
const rollBackFailed: Rule = (state, seen) => {
  const { rollout } = state;
  if (rollout === undefined || seen.kind !== "rollout" || seen.verdict.kind !== "unhealthy") return undefined;
  return rollBack(state, failedSubstitute(rollout, seen.verdict));
};

/** Ours cannot be pulled either: the next candidate is tried, or the previous revision is better. */
const nextCandidate: Rule = (state, seen) => {
  const { rollout } = state;
  if (rollout === undefined || seen.kind !== "rollout" || seen.verdict.kind !== "cannot-pull")
    return undefined;
  const failed = failedSubstitute(rollout, seen.verdict);
  const tried = [...state.tried, failed];
  if (tried.length === ATTEMPTS_MAX || failed.places.length === 0)
    return rollBack({ ...state, tried }, failed);
  return { kind: "observe", state: nextLook({ ...state, tried }) };
};

const keepWatching: Rule = (state, seen, context) => {
  const { rollout } = state;
  if (rollout === undefined || seen.kind !== "rollout") return { kind: "observe" };
  const { verdict } = seen;
  const { images, waitedSeconds: waited, secondsMax } = rollout;
  const isDisplaced = verdict.kind === "superseded" || verdict.kind === "rolled-back";
  if (!isDisplaced && waited >= secondsMax) {
    const because = { code: "still-in-progress", because: verdict.because, seconds: waited } as const;
    return conclude(state, { kind: "rollout-timed-out", because, images }, context);
  }
  const seconds = isDisplaced ? POLL_SECONDS_MAX : Math.min(nextPause(rollout), secondsMax - waited);
  const next: Rollout = {
    ...rollout,
    wasDisplaced: isDisplaced,
    polls: rollout.polls + 1,
    waitedSeconds: waited + seconds,
    pause: seconds,
  };
  return {
    kind: "wait",
    label: "rollout",
    seconds,
    state: { ...state, watchedSeconds: state.watchedSeconds + seconds, rollout: next },
  };
};

function nextPause({ polls, pause, waitedSeconds }: Rollout): number {
  return polls === 0 ? pause : Math.min(longestPause(waitedSeconds), pause + 10);
}

function longestPause(waited: number): number {
  if (waited < HOURS_BEGIN_SECONDS) return POLL_SECONDS_MAX;
  return waited < MANY_HOURS_BEGIN_SECONDS ? POLL_SECONDS_OF_HOURS : POLL_SECONDS_OF_MANY_HOURS;
}

/** Only the substitutes that could not be pulled are at fault, not the others. */
function failedSubstitute(
  { surveyed, newRevision, images, deploymentId }: Rollout,
  verdict: Extract<RolloutStatus, { kind: "unhealthy" | "cannot-pull" }>,
): FailedSubstitute {
  const repositories = verdict.kind === "cannot-pull" ? verdict.images : [];
  const places = images
    .flatMap(({ substitute }) => substitute?.writes ?? [])
    .filter((place) => repositories.includes(repositoryOf(place)));
  const ours = { surveyed, newRevision, ...optional("deploymentId", deploymentId) };
  return { kind: verdict.kind, because: verdict.because, ...ours, images, places };
}

export const AFTER_OUR_WRITE: readonly Rule[] = [
  retryRollback,
  watchAgain,
  stepFailed,
  ended,
  throttled,
  taskWork,
  superseded,
  restoreOverwritten,
  restored,
  rollBackAgain,
  acceptedOnly,
  rolloutDone,
  rollBackFailed,
  nextCandidate,
  keepWatching,
];
