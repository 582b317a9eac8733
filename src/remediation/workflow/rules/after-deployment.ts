/** The state after a deployment of ours: it is followed, or believed to be another's, or it has replaced another's. */

import { sameRevision, shortRevision } from "../../../ecs/arn.ts";
import { optional } from "../../../ecs/json-fields.ts";
import { type Deployment, primaryDeployment } from "../../../ecs/service/service.ts";
import type { Redeployed, Written } from "../../deploy/apply.ts";
import type { Restored } from "../../deploy/redeploy-previous.ts";
import { overtakenIn, overtookInWords } from "../../deploy/rollout-verdict.ts";
import type { Ending } from "../../report/report.ts";
import type { Superseded, Survey } from "../../survey/survey.ts";
import type { Context } from "../context.ts";
import { planned } from "../plan.ts";
import type { Overwritten, Rollout, State } from "../state.ts";

/** Of the day that an execution has, for all rollouts that it watches: the rest is for waits, copies and its report. */
const WATCHED_SECONDS_MAX = 18 * 3600;
const POLL_SECONDS_FIRST = 10;
/** Deployments that come at the very moment of a way back, one after the other: a pipeline, and a person beside it. */
const RESTORES_MAX = 4;

export function afterRedeploy(state: State, redeployed: Redeployed, context: Context): State {
  const { surveyed, plan } = planned(state);
  if (redeployed.kind !== "superseded") return watching(state, redeployed, context);
  if (redeployed.revision === undefined)
    return { ...state, ending: { kind: "superseded", because: redeployed.because, images: plan.images } };
  const { clusterArn, service } = surveyed;
  const place = { clusterArn, service, ours: state.ours ?? "" };
  return { ...state, displaced: { answer: redeployed, place, write: "redeploy", isWaitedFor: false } };
}

/** Our deployment was accepted: it is watched. */
function watching(state: State, written: Written, _context: Context): State {
  const { surveyed, plan } = planned(state);
  const { ours: registered, displaced: _, ...kept } = state;
  const ours = registered ?? "";
  const { failingRevision, deploymentIds: known } = surveyed;
  const own = state.tried.map((one) => one.ours);
  // Whose the primary deployment is, only an answer to our own write can tell.
  const deploymentId = written.kind === "redeployed" ? primaryDeployment(written)?.id : undefined;
  const foreign = written.foreign ?? overtakenIn(written, { ours, former: failingRevision, known, own });
  const rollout: Rollout = {
    ...{ surveyed, images: plan.images, ours, own },
    ...optional("foreign", foreign),
    ...optional("deploymentId", deploymentId),
    secondsMax: Math.min(surveyed.rolloutTimeoutSeconds, WATCHED_SECONDS_MAX - state.watchedSeconds),
    ...{ polls: 0, waitedSeconds: 0, pause: POLL_SECONDS_FIRST, wasDisplaced: false },
  };
  return { ...kept, ours, substitution: { former: failingRevision, ours }, rollout };
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
  if (write === "redeploy") {
    const { images } = planned(state).plan;
    if (deployments === undefined)
      return { ...kept, ending: { kind: "superseded", because: answer.because, images } };
    return watching(kept, { kind: "already", deployments, ...optional("foreign", answer.revision) }, context);
  }
  const { rollback } = state;
  if (rollback === undefined) return state;
  const { surveyed, ours, images } = rollback.of;
  const made = { former: surveyed.failingRevision, ours };
  const foreign = answer.revision;
  if (deployments === undefined || foreign === undefined || !replacedRunning({ deployments }, foreign))
    return { ...kept, ending: { ...answer, images, made } };
  const known = [...surveyed.deploymentIds, ...deployments.map(({ id }) => id)];
  return overwriting(kept, surveyed, {
    revision: foreign,
    known,
    over: surveyed.failingRevision,
    made,
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
  const { surveyed, ours, images, because } = rollback.of;
  const { clusterArn, service, failingRevision } = surveyed;
  const made = { former: failingRevision, ours };
  if (restored.kind === "superseded" && restored.whole)
    return { ...state, ending: { kind: "settled", because: restored.because, images, made } };
  if (restored.kind === "superseded") {
    if (restored.revision === undefined) return { ...state, ending: { ...restored, images, made } };
    // The write may have landed and its answer be lost: then ours is in place of a deployment that this answer still shows.
    const place = { clusterArn, service, ours: failingRevision };
    return { ...state, displaced: { answer: restored, place, write: "roll-back", isWaitedFor: false } };
  }
  const { to } = restored;
  const known = surveyed.deploymentIds;
  const revision = overtakenIn(restored, { ours: to, known, own: [...state.registered, ours] });
  if (revision !== undefined) {
    const shown = [...known, ...restored.deployments.map(({ id }) => id)];
    return overwriting(state, surveyed, { revision, known: shown, over: to, made, images });
  }
  const after = rollback.afterwards === undefined ? "" : `; after that, ${rollback.afterwards}`;
  const ending: Ending = {
    kind: "restored",
    because: `${because}; the service is back on ${backOn(to, failingRevision)}${after}`,
    ...{ images, made, restored: to },
  };
  return { ...state, ending };
}

/** What runs after a way back, by its own name. */
export function backOn(to: string, former: string): string {
  return sameRevision(to, former)
    ? shortRevision(former)
    : `${shortRevision(to)}, a copy of ${shortRevision(former)}, which is INACTIVE`;
}

/** Another deployment came between our last look and our write: it is deployed again. @param over what replaced it */
export function overwriting(
  state: State,
  { clusterArn, service }: Pick<Survey, "clusterArn" | "service">,
  {
    over,
    because,
    ...given
  }: Pick<Overwritten, "revision" | "known" | "made" | "images"> & {
    readonly over: string;
    readonly because?: string;
  },
): State {
  const overwritten: Overwritten = {
    ...{ clusterArn, service, ...given },
    because: because ?? overtookInWords(given.revision),
    written: [...state.registered, over],
    attempt: 1,
    mustWait: false,
  };
  return { ...state, overwritten };
}

export function afterRestore(state: State, redeployed: Redeployed): State {
  const { overwritten } = state;
  if (overwritten === undefined) return state;
  const { revision: to, because, known, written, attempt, images, made } = overwritten;
  const end = (why: string): State => ({
    ...state,
    ending: { kind: "superseded", because: why, images, made },
  });
  const isLast = attempt === RESTORES_MAX;
  if (isOfThePast(redeployed, overwritten)) {
    if (isLast)
      return end(`${because}; ECS does not show what stands: deploy ${shortRevision(to)} if it is another`);
    return { ...state, overwritten: { ...overwritten, attempt: attempt + 1, mustWait: true } };
  }
  if (redeployed.kind === "superseded") return end(redeployed.because);
  const now = [...written, to];
  const following = overtakenIn(redeployed, { ours: to, known, own: now });
  if (following === undefined) return end(`${because}; it was put back`);
  const why = overtookInWords(following);
  if (isLast)
    return end(
      `${why}, and ${shortRevision(to)} stands in its place: deploy ${shortRevision(following)} again`,
    );
  const shown = [...known, ...redeployed.deployments.map(({ id }) => id)];
  const next = { revision: following, because: why, known: shown, written: now, attempt: attempt + 1 };
  return { ...state, overwritten: { ...overwritten, ...next } };
}

/** The answer is of the time before our last write: it shows as primary what that has replaced, or what we wrote before it. */
function isOfThePast(given: Redeployed, { known, written }: Overwritten): boolean {
  if (given.kind === "already") return known.includes(primaryDeployment(given)?.id ?? "");
  const { revision }: Partial<Superseded> = given.kind === "superseded" ? given : {};
  return revision !== undefined && written.slice(0, -1).some((one) => sameRevision(one, revision));
}
