/** The state after a deployment of ours: it is followed, or believed to be another's, or it has replaced another's. */

import { sameRevision } from "../../../ecs/arn.ts";
import { optional } from "../../../ecs/json-fields.ts";
import { type Deployment, primaryDeployment } from "../../../ecs/service/service.ts";
import type { Restored } from "../../deploy/redeploy-previous.ts";
import type { RedeployResult, Written } from "../../deploy/redeploy-service.ts";
import { findOverwrittenDeployment } from "../../deploy/rollout-verdict.ts";
import type { Because, EndingReason } from "../../report/ending-reason.ts";
import type { Superseded, Survey } from "../../survey/types.ts";
import type { Context } from "../context.ts";
import { planned } from "../plan.ts";
import type { Overwritten, Rollout, State } from "../state.ts";
import { ROLLOUT_HOURS_MAX } from "../time-budget.ts";

/** A service is described no more than once in that time: hundreds may be watched at once. */
const POLL_SECONDS_FIRST = 30;
/** Deployments that come at the very moment of a rollback, one after the other: of a pipeline, and of a person. */
const RESTORES_MAX = 4;

export function afterRedeploy(state: State, redeployed: RedeployResult, context: Context): State {
  const { surveyed, plan } = planned(state);
  if (redeployed.kind !== "superseded") return watching(state, redeployed, context);
  if (redeployed.revision === undefined)
    return { ...state, ending: { kind: "superseded", because: redeployed.because, images: plan.images } };
  const { clusterArn, service } = surveyed;
  const place = { clusterArn, service, newRevision: state.newRevision ?? "" };
  return { ...state, displaced: { answer: redeployed, place, write: "start", isWaitedFor: false } };
}

/** Our deployment was accepted: it is watched. */
function watching(state: State, written: Written, _context: Context): State {
  const { surveyed, plan } = planned(state);
  const { newRevision: registered, displaced: _, ...kept } = state;
  const ours = registered ?? "";
  const { failingRevision, deploymentIds: known } = surveyed;
  const own = state.tried.map((one) => one.newRevision);
  // Only an answer to our own write shows whose the primary deployment is.
  const deploymentId = written.kind === "redeployed" ? primaryDeployment(written)?.id : undefined;
  const foreign =
    written.foreign ??
    findOverwrittenDeployment(written, {
      newRevision: ours,
      previousRevision: failingRevision,
      knownDeploymentIds: known,
      ownRevisions: own,
    });
  const rollout: Rollout = {
    surveyed,
    images: plan.images,
    newRevision: ours,
    ownRevisions: own,
    ...optional("foreignRevision", foreign),
    ...optional("deploymentId", deploymentId),
    secondsMax: Math.min(surveyed.rolloutTimeoutSeconds, ROLLOUT_HOURS_MAX * 3600 - state.watchedSeconds),
    polls: 0,
    waitedSeconds: 0,
    pause: POLL_SECONDS_FIRST,
    wasDisplaced: false,
  };
  return {
    ...kept,
    newRevision: ours,
    substitution: { previousRevision: failingRevision, newRevision: ours },
    rollout,
  };
}

/** The service a minute after another revision was seen in place of ours. @param deployments absent: it still is */
export function afterSecondLook(
  state: State,
  deployments: readonly Deployment[] | undefined,
  context: Context,
): State {
  const { displaced, ...kept } = state;
  if (displaced === undefined) return state;
  const { answer, write } = displaced;
  if (write === "start") {
    const { images } = planned(state).plan;
    if (deployments === undefined)
      return { ...kept, ending: { kind: "superseded", because: answer.because, images } };
    return watching(kept, { kind: "already", deployments, ...optional("foreign", answer.revision) }, context);
  }
  const { rollback } = state;
  if (rollback === undefined) return state;
  const { surveyed, newRevision, images } = rollback.of;
  const made = { previousRevision: surveyed.failingRevision, newRevision };
  const foreign = answer.revision;
  if (deployments === undefined || foreign === undefined || !replacedRunning({ deployments }, foreign))
    return { ...kept, ending: { ...answer, images, substitution: made } };
  const known = [...surveyed.deploymentIds, ...deployments.map(({ id }) => id)];
  return overwriting(kept, surveyed, {
    revision: foreign,
    knownDeploymentIds: known,
    over: state.wayBack ?? surveyed.failingRevision,
    substitution: made,
    images,
  });
}

/** Whether ours is in place of a deployment that had not failed, and not because ECS itself went back to ours. */
function replacedRunning(
  { deployments }: { readonly deployments: readonly Deployment[] },
  foreign: string,
): boolean {
  const primary = primaryDeployment({ deployments });
  // What was replaced on its way is soon no longer shown; an earlier deployment of that revision may be.
  const hasFailed = deployments.some(
    (one) => sameRevision(one.taskDefinition, foreign) && one.rolloutState === "FAILED",
  );
  return !hasFailed && !/rolling back/i.test(primary?.rolloutStateReason ?? "");
}

export function afterRollback(state: State, restored: Restored): State {
  const { rollback } = state;
  if (rollback === undefined) return state;
  const { surveyed, newRevision, images } = rollback.of;
  const { clusterArn, service, failingRevision } = surveyed;
  const made = { previousRevision: failingRevision, newRevision };
  if (restored.kind === "superseded" && restored.whole)
    return { ...state, ending: { kind: "succeeded", because: restored.because, images, substitution: made } };
  if (restored.kind === "superseded") {
    if (restored.revision === undefined)
      return { ...state, ending: { ...restored, images, substitution: made } };
    // The write may have landed and its answer be lost: then ours is in place of a deployment that this answer still shows.
    const place = { clusterArn, service, newRevision: state.wayBack ?? failingRevision };
    return { ...state, displaced: { answer: restored, place, write: "undo", isWaitedFor: false } };
  }
  const { to } = restored;
  const known = surveyed.deploymentIds;
  const revision = findOverwrittenDeployment(restored, {
    newRevision: to,
    knownDeploymentIds: known,
    ownRevisions: [...state.registered, newRevision],
  });
  if (revision !== undefined) {
    const shown = [...known, ...restored.deployments.map(({ id }) => id)];
    return overwriting(state, surveyed, {
      revision,
      knownDeploymentIds: shown,
      over: to,
      substitution: made,
      images,
    });
  }
  const byEcs = restored.byEcs === true;
  return { ...state, rollback: { ...rollback, restored: { to, byEcs, looks: 0 } } };
}

/** Another deployment came between our last look and our write: it is deployed again. @param over what replaced it */
export function overwriting(
  state: State,
  { clusterArn, service }: Pick<Survey, "clusterArn" | "service">,
  {
    over,
    ...given
  }: Pick<Overwritten, "revision" | "knownDeploymentIds" | "substitution" | "images"> & {
    readonly over: string;
  },
): State {
  const overwritten: Overwritten = {
    clusterArn,
    service,
    ...given,
    written: [...state.registered, over],
    attempt: 1,
    mustWait: false,
  };
  return { ...state, overwritten };
}

/** Why a remediation ends that has replaced another's deployment. */
export function overwrote(
  revision: string,
  then: Extract<EndingReason, { code: "overwrote" }>["then"],
): EndingReason {
  return { code: "overwrote", revision, then };
}

export function afterRestore(state: State, redeployed: RedeployResult): State {
  const { overwritten } = state;
  if (overwritten === undefined) return state;
  const { revision: to, knownDeploymentIds, written, attempt, displacedBy } = overwritten;
  const { images, substitution } = overwritten;
  const end = (because: Because): State => ({
    ...state,
    ending: { kind: "superseded", because, images, substitution },
  });
  const isLast = attempt === RESTORES_MAX;
  if (isOfThePast(redeployed, overwritten)) {
    if (isLast) return end(overwrote(to, "unseen"));
    return { ...state, overwritten: { ...overwritten, attempt: attempt + 1, mustWait: true } };
  }
  if (redeployed.kind === "superseded") {
    const { revision } = redeployed;
    const isSeenTwice = revision === displacedBy;
    if (revision === undefined || isSeenTwice || isLast) return end(redeployed.because);
    // The write may have landed and its answer be lost: then ours is in place of what this answer still shows.
    const again = { displacedBy: revision, attempt: attempt + 1, mustWait: true };
    return { ...state, overwritten: { ...overwritten, ...again } };
  }
  const now = [...written, to];
  const following =
    findOverwrittenDeployment(redeployed, { newRevision: to, knownDeploymentIds, ownRevisions: now }) ??
    displacedBy;
  if (following === undefined) return end(overwrote(to, "deployed-again"));
  if (isLast) return end(overwrote(following, { replacedBy: to }));
  const shown = [...knownDeploymentIds, ...redeployed.deployments.map(({ id }) => id)];
  const next = {
    revision: following,
    knownDeploymentIds: shown,
    written: now,
    attempt: attempt + 1,
  };
  const { displacedBy: _, ...kept } = overwritten;
  return { ...state, overwritten: { ...kept, ...next } };
}

/** The answer is of the time before our last write: it shows as primary what that has replaced, or what we wrote before it. */
function isOfThePast(given: RedeployResult, { knownDeploymentIds, written }: Overwritten): boolean {
  if (given.kind === "already") return knownDeploymentIds.includes(primaryDeployment(given)?.id ?? "");
  const { revision }: Partial<Superseded> = given.kind === "superseded" ? given : {};
  return revision !== undefined && written.slice(0, -1).some((one) => sameRevision(one, revision));
}
