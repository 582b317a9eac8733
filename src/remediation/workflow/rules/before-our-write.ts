/** The rules until our change is written: whether to write, what, and what has to be waited for first. */

import { optional } from "../../../ecs/json-fields.ts";
import type { Remedy } from "../../../substitution/remedies/remedy.ts";
import { plannedChanges } from "../../gates/planned-changes.ts";
import { exceedsEntireQuota, remedyFor } from "../../gates/quotas.ts";
import type { MirrorRejected } from "../../mirror/mirror-result.ts";
import { formatBecause } from "../../report/ending-reason.ts";
import { fixByHand, nextFailure, remediesOfFailed } from "../../report/remedies-of-refusal.ts";
import { waitingFor } from "../../survey/limit-met.ts";
import { loopGuardReason, loopGuardWaitSeconds } from "../../survey/loop-guard.ts";
import type { Survey } from "../../survey/types.ts";
import { imagesToMirror, planned, writeBlocked } from "../plan.ts";
import { surveyAgain } from "../state.ts";
import { questionSeconds, secondsLeft, TIME_BUDGET_HOURS } from "../time-budget.ts";
import { changeCalendar } from "./change-calendar.ts";
import { conclude, ended, stepFailed, throttled } from "./conclude.ts";
import { pauseOfPoll } from "./copy-polls.ts";
import { isTransientlyUnread, waitForLimitReset, withWaitTime } from "./limit-reset.ts";
import { copyQuota, quota } from "./quota-rules.ts";
import type { Rule } from "./rule.ts";

/** Copies for one attempt: the survey after a copy finds it; a second one means that the first was lost. */
const COPIES_MAX = 2;
/** Places that refuse to be copied from, one after the other; an image has fewer. */
const REJECTIONS_MAX = 10;
/** Pauses for the loop guard: after one substitute that did not last, and after another's that came meanwhile. */
const GUARD_PAUSES_MAX = 2;
/** Polls of a deployment that shall end first; CloudFormation itself gives up after three hours. */
const DEPLOYMENT_SECONDS = 300;
const DEPLOYMENT_SECONDS_MAX = 3 * 3600;
/** A plan that is another after each answer is not asked about without end. */
const APPROVALS_MAX = 5;

/** Nothing is begun once the time is over: what was waited for last names the end. */
const timeBudget: Rule = (state, _seen, context) => {
  if (secondsLeft(state) > 0) return undefined;
  const because = { code: "time-over", hours: TIME_BUDGET_HOURS } as const;
  const remedies = [nextFailure()];
  const ending = { kind: "no-substitute", code: "time-over", because, remedies } as const;
  const images = optional("images", state.plan?.plan.images);
  return conclude(state, state.timeOver ?? { ...ending, ...images }, context);
};

/** The failure is over, is not ours to remedy, or its workload may not be changed. */
const stillFailing: Rule = (state, seen, context) =>
  seen.kind === "survey" && seen.result.kind !== "survey" ? conclude(state, seen.result, context) : undefined;

/** An order is for the deployment that its operator was shown: it replaces no other, and none that is in progress. */
const orderedDeployment: Rule = (state, _seen, context) => {
  const { order } = context.options;
  if (order === undefined || state.tried.length > 0) return undefined;
  const { surveyed, plan } = planned(state);
  const { deploymentId: deployment, isDeploying } = surveyed;
  if (deployment === order.deploymentId && !isDeploying) return undefined;
  const because = isDeploying
    ? ({ code: "other-deployment", deployment } as const)
    : `the deployment ${deployment ?? ""} came after the plan`;
  return conclude(state, { kind: "superseded", because, images: plan.images }, context);
};

/** What did not last a moment ago is not tried again at once, and not without end. A person who asks decides that. */
const loopGuard: Rule = (state, _seen, context) => {
  const { surveyed } = planned(state);
  const because = context.failure.preemptive
    ? undefined
    : loopGuardReason(surveyed.recentSubstitutions, surveyed.failingRevision);
  if (because === undefined) return undefined;
  const seconds =
    context.options.surveysAgain === false ? undefined : loopGuardWaitSeconds(surveyed.recentSubstitutions);
  const ending = {
    kind: "no-substitute",
    code: "loop-guard",
    because,
    remedies: afterTries(surveyed),
  } as const;
  if (seconds === undefined || state.guardPauses === GUARD_PAUSES_MAX)
    return conclude(state, ending, context);
  return {
    kind: "wait",
    label: "loop guard",
    seconds,
    timeOver: ending,
    state: surveyAgain({ ...state, guardPauses: state.guardPauses + 1 }),
  };
};

const findSubstitute: Rule = (state, seen, context) => {
  const { surveyed, plan } = planned(state);
  const last = state.rejected.at(-1);
  if (last !== undefined && state.rejected.length > REJECTIONS_MAX)
    return conclude(
      state,
      { kind: "failed", because: { code: "copy-rejected", ...last }, images: plan.images },
      context,
    );
  if (plan.kind !== "no-substitute") return undefined;
  const transient = surveyed.images.some(isTransientlyUnread);
  // What may answer again in a minute is asked again in a minute first.
  const isFirst = transient && state.look === 1;
  const wait = isFirst ? undefined : waitForLimitReset(state, plan, seen, context);
  if (wait !== undefined) return wait;
  const remedies = [...raisedCaps(state.rejected), ...plan.remedies];
  const because = withWaitTime(plan.because, state);
  const hasWaited = plan.code === "no-proof" && state.limitWait.polls > 0;
  const code = hasWaited ? "limit-not-reset" : plan.code;
  return conclude(state, { ...plan, code, because, remedies, transient }, context);
};

const reportOnly: Rule = (state, _seen, context) => {
  const { surveyed, plan } = planned(state);
  const { policy, rights } = context.options;
  const result = writeBlocked(surveyed, plan.images, policy, rights, waitingFor(context.failure));
  return result === undefined ? undefined : conclude(state, result, context);
};

/** The operator has stopped all writes: nothing is asked for, taken or copied. Each write reads the kill switch again. */
const stopped: Rule = (state, _seen, context) => {
  const { plan, stopped: stop } = planned(state);
  if (stop === undefined) return undefined;
  const because = { code: "writes-stopped", ...stop } as const;
  const refusal = { code: "denied", stopped: optional("parameter", stop.parameter) } as const;
  const remedies = remediesOfFailed(refusal, formatBecause(because));
  const ending = { because, images: plan.images, error: { code: "denied" }, remedies } as const;
  return conclude(state, { kind: "failed", transient: false, ...ending }, context);
};

/** Another deployment ends first: as the policy says, or because it has come so far that ours would undo much. */
const otherDeployment: Rule = (state, _seen, { options }) => {
  const { surveyed, plan } = planned(state);
  const endsFirst =
    surveyed.isDeploying && (options.policy.onActiveDeployment === "wait" || surveyed.stage !== undefined);
  if (!endsFirst || state.deploymentSeconds >= DEPLOYMENT_SECONDS_MAX) return undefined;
  const seconds = DEPLOYMENT_SECONDS;
  return {
    kind: "wait",
    label: "deployment",
    seconds,
    doing: "active-deployment",
    timeOver: {
      kind: "superseded",
      because: { code: "other-deployment", deployment: surveyed.deploymentId },
      images: plan.images,
    },
    state: surveyAgain({ ...state, deploymentSeconds: state.deploymentSeconds + seconds }),
  };
};

/**
 * What is approved is the list of changes that was shown. After the answer the world is surveyed again: a plan that makes
 * no other change goes on, one that does needs another approval.
 */
const approval: Rule = (state, _seen, context) => {
  const { surveyed, plan } = planned(state);
  const { policy, interactive } = context.options;
  if (interactive || (surveyed.mode ?? policy.mode) !== "approve") return undefined;
  const changes = plannedChanges(surveyed, plan.images);
  const { asked, approved } = state.approvals;
  if (changes.every(({ hash }) => approved.includes(hash))) return undefined;
  if (asked < APPROVALS_MAX && questionSeconds(state, policy.approval.hours) > 0)
    return { kind: "ask", changes };
  const because = { code: "asked-in-vain", times: asked } as const;
  return conclude(state, { kind: "approval-expired", because, images: plan.images }, context);
};

/** What the plan needs in ECR is brought there, one image after the other, before anything names it. */
const mirrorFirst: Rule = (state, _seen, context) => {
  const { plan } = planned(state);
  if (imagesToMirror(state).length === 0 || state.newRevision !== undefined) return undefined;
  const { copying } = state;
  if (copying === undefined && state.copies === COPIES_MAX) {
    const because = { code: "copy-lost" } as const;
    return conclude(state, { kind: "failed", because, images: plan.images }, context);
  }
  if (copying?.name === undefined) return { kind: "write", write: "start-copy" };
  const polls = state.polls + 1;
  const seconds = pauseOfPoll(copying, polls);
  return {
    kind: "wait",
    label: "copy",
    seconds,
    state: {
      ...state,
      polls,
      copying: {
        ...copying,
        polls: copying.polls + 1,
        waitedSeconds: copying.waitedSeconds + seconds,
      },
    },
  };
};

const register: Rule = ({ newRevision }) =>
  newRevision === undefined ? { kind: "write", write: "register" } : undefined;

const redeploy: Rule = () => ({ kind: "write", write: "start" });

/** A copy has ended: nothing is decided before the world is surveyed again. */
const surveyFirst: Rule = ({ plan }) => (plan === undefined ? { kind: "observe" } : undefined);

export const BEFORE_OUR_WRITE: readonly Rule[] = [
  stepFailed,
  ended,
  timeBudget,
  throttled,
  stillFailing,
  surveyFirst,
  orderedDeployment,
  loopGuard,
  copyQuota,
  findSubstitute,
  reportOnly,
  stopped,
  otherDeployment,
  approval,
  changeCalendar,
  quota,
  mirrorFirst,
  register,
  redeploy,
];

/** What several substitutes did not cure is looked at by a person, who is under no guard; or it is tried again later. */
function afterTries({ service, clusterArn, task, recentSubstitutions: recent }: Survey): readonly Remedy[] {
  const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
  return [
    ...(task === undefined ? [fixByHand(service, cluster)] : []),
    nextFailure("the time above is over", recent.until),
  ];
}

/** A quota that no window is large enough for is not waited for: what it takes is said. */
function raisedCaps(rejected: readonly MirrorRejected[]): readonly Remedy[] {
  return rejected.flatMap(({ held }) =>
    held !== undefined && exceedsEntireQuota(held) ? [remedyFor(held)] : [],
  );
}
