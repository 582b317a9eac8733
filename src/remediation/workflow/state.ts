/**
 * The state of one remediation: what it meant, what it wrote, what it tried, and how long it has waited.
 *
 * It is computed again from the results of the steps on every replay, so it is never stored by itself.
 */

import type { ManagedBy } from "../../ecs/managed-by.ts";
import type { TaskNetwork } from "../../ecs/task/rerun-task-request.ts";
import type { ImagePlan, Plan } from "../../substitution/plan-types.ts";
import type { Decision } from "../gates/approval-decision.ts";
import type { ClosedCalendar } from "../gates/change-calendar.ts";
import type { CopyFailure } from "../mirror/copy-failure.ts";
import type { MirrorRejected } from "../mirror/mirror-result.ts";
import type { QuotaExceeded } from "../ports/quota-exceeded.ts";
import type { RepointedTarget } from "../ports/schedules.ts";
import type { AskedAgain, Because } from "../report/ending-reason.ts";
import type { RemediationResult } from "../report/report.ts";
import type { MeantDigests, Superseded, Survey, TaskFacts } from "../survey/types.ts";

/** The operator has stopped all writes, or it cannot be read whether they have. */
export type Stop = { readonly because: string; readonly parameter?: string };

type Substitution = { readonly previousRevision: string; readonly newRevision: string };

/** A step that failed for good. */
export type Failed = Pick<RemediationResult, "because" | "error" | "transient" | "remedies">;

/** A revision of ours that the service is better without. */
export type FailedSubstitute = {
  /** `cannot-pull`: that is all that is wrong with it. */
  readonly kind: "cannot-pull" | "unhealthy";
  readonly because: string;
  readonly surveyed: Survey;
  readonly newRevision: string;
  /** The deployment of ours that brought it. */
  readonly deploymentId?: string;
  readonly images: readonly ImagePlan[];
  /** Which of its substitutes are at fault. */
  readonly places: readonly string[];
};

/** A copy that is being made: which image of the plan, under which of its names. */
export type Copying = {
  readonly index: number;
  /** The number in the execution's name. */
  readonly attempt: number;
  /** How many executions this remediation has waited for. */
  readonly own: number;
  /** The execution that is waited for; absent: one has to be started. */
  readonly name?: string;
  readonly polls: number;
  readonly waitedSeconds: number;
  /** Why the last execution did not copy it. */
  readonly failure?: CopyFailure;
};

/** A quota that is used up, and how long to wait before it is asked again. */
export type QuotaWait = { readonly held: QuotaExceeded; readonly seconds: number };

export type Quota = {
  /** Granted once for all that one remediation writes. */
  readonly granted: boolean;
  /** `copies`: a copy was refused by a quota, and is waited for. */
  readonly of: "writes" | "copies";
  readonly copies?: QuotaExceeded;
  readonly waiting?: QuotaWait;
  /** It has waited since the last survey: the world may be another. */
  readonly hasWaited: boolean;
  /** The period that was reported to the operator. */
  readonly toldOf?: string;
};

/** A write of ours was refused because another revision is in its place, or an old answer says so. */
export type Displaced = {
  readonly answer: Superseded;
  readonly place: { readonly clusterArn: string; readonly service: string; readonly newRevision: string };
  readonly write: "start" | "undo";
  readonly isWaitedFor: boolean;
};

export type Rollout = {
  readonly surveyed: Survey;
  readonly images: readonly ImagePlan[];
  readonly newRevision: string;
  readonly ownRevisions: readonly string[];
  /** A revision of another deployment that was seen in place of ours. */
  readonly foreignRevision?: string;
  /** The id of our deployment. */
  readonly deploymentId?: string;
  readonly secondsMax: number;
  readonly polls: number;
  readonly waitedSeconds: number;
  readonly pause: number;
  /** Another revision was in place of ours at the last look. */
  readonly wasDisplaced: boolean;
};

export type Rollback = {
  readonly of: FailedSubstitute;
  readonly afterwards?: Because;
  /** It was written: until when the service is back, and its tags are resolved again, it is looked at. */
  readonly restored?: { readonly to: string; readonly byEcs: boolean; readonly looks: number };
  /** ECS has not gone back by itself. */
  readonly withoutEcs?: true;
};

/** Our write replaced another deployment at the very moment of its start: theirs is deployed again. */
export type Overwritten = {
  readonly clusterArn: string;
  readonly service: string;
  readonly images: readonly ImagePlan[];
  readonly substitution: Substitution;
  /** What is deployed again. */
  readonly revision: string;
  /** Deployments that were there before. */
  readonly knownDeploymentIds: readonly string[];
  /** What this remediation has written, in order. */
  readonly written: readonly string[];
  readonly attempt: number;
  /** ECS may have answered with the past: it is given time. */
  readonly mustWait: boolean;
  /** A revision that was seen in place of what was deployed again. */
  readonly displacedBy?: string;
};

/** What follows a new revision that no service runs: targets to repoint, a task to run again. */
export type TaskWork = {
  readonly surveyed: Survey & { readonly task: TaskFacts };
  readonly images: readonly ImagePlan[];
  readonly substitution: Substitution;
  readonly target: number;
  /** What became of the targets, in order. */
  readonly repointed: readonly RepointedTarget[];
  readonly touched: number;
  /** The task that was run again. */
  readonly taskArn?: string;
  readonly notRun?: string;
  readonly waitedSeconds: number;
};

/** Moments are in milliseconds since the epoch. */
export type TimeSpent = {
  /** The first observation; absent: nothing was observed yet. */
  readonly startedAt?: number;
  /** The last observation, and what was waited since. */
  readonly now?: number;
  /** A question was asked then, and nothing was observed since. */
  readonly askedAt?: number;
  /** What all questions have taken, in seconds. */
  readonly approvalSeconds: number;
};

export type State = {
  /** How often it has begun from the survey, after a failure or a pause. */
  readonly look: number;
  readonly pauses: number;
  /** What the failed task was attached with, where it may have to be run again. */
  readonly network?: TaskNetwork;
  /** What was meant by each image: decided once, whatever a tag means later. */
  readonly meant: MeantDigests;
  /** Revisions that this execution registered, deployed or not. */
  readonly registered: readonly string[];
  readonly tried: readonly FailedSubstitute[];
  /** What the service was moved from and to. */
  readonly substitution?: Substitution;
  readonly managedBy?: ManagedBy;
  readonly revertedSubstitute?: string;
  readonly skippedNewerRevision?: string;
  readonly decision?: Decision;
  readonly time: TimeSpent;
  /** How it ends where its time is over during the wait that was begun last. */
  readonly timeOver?: RemediationResult;

  readonly plan?: {
    readonly surveyed: Survey;
    readonly plan: Plan;
    readonly stopped?: Stop;
    readonly closed?: ClosedCalendar;
  };
  /** Places from which an image could not be brought into ECR, in this attempt. */
  readonly rejected: readonly MirrorRejected[];
  /** Places that were copied in this attempt: a second copy means that the first was lost. */
  readonly mirrored: readonly string[];
  readonly copies: number;
  readonly copying?: Copying;
  /** Places that images were brought to, in all attempts. */
  readonly brought: readonly string[];
  readonly guardPauses: number;
  readonly deploymentSeconds: number;
  readonly limitWait: { readonly seconds: number; readonly polls: number; readonly isTold: boolean };
  readonly quota: Quota;
  /** Polls of copies and quotas: the more there were, the longer the pauses. */
  readonly polls: number;
  readonly approvals: {
    readonly asked: number;
    /** Hashes of changes. */
    readonly approved: readonly string[];
    /** Why the next question is not the first. */
    readonly again?: AskedAgain;
  };
  /** How often the next write was throttled, and whether it has to wait for that. */
  readonly throttled: number;
  readonly isThrottled: boolean;
  /** Registered, and not deployed yet. */
  readonly newRevision?: string;
  /** What an order goes back to, where the replaced revision names a tag that has moved. */
  readonly wayBack?: string;

  readonly displaced?: Displaced;
  readonly rollout?: Rollout;
  readonly watchedSeconds: number;
  readonly rollback?: Rollback;
  readonly overwritten?: Overwritten;
  /** Pauses before a rollback, or the restoration of another's deployment, that failed was written again. */
  readonly rollbackPauses: number;
  readonly task?: TaskWork;
  readonly failed?: Failed;
  /** What a write or an observation has decided. */
  readonly ending?: RemediationResult;
};

const QUOTA: Quota = { granted: false, of: "writes", hasWaited: false };

export const FIRST_STATE: State = {
  look: 1,
  pauses: 0,
  meant: {},
  registered: [],
  tried: [],
  time: { approvalSeconds: 0 },
  rejected: [],
  mirrored: [],
  copies: 0,
  brought: [],
  guardPauses: 0,
  deploymentSeconds: 0,
  limitWait: { seconds: 0, polls: 0, isTold: false },
  quota: QUOTA,
  polls: 0,
  approvals: { asked: 0, approved: [] },
  throttled: 0,
  isThrottled: false,
  watchedSeconds: 0,
  rollbackPauses: 0,
};

/** The same remediation, from a new survey on: what was written and tried stays known. */
export function nextLook(state: State): State {
  const {
    plan: _plan,
    copying: _copying,
    newRevision: _ours,
    displaced: _displaced,
    rollout: _rollout,
    overwritten: _overwritten,
    task: _task,
    failed: _failed,
    ending: _ending,
    ...kept
  } = state;
  return {
    ...kept,
    look: state.look + 1,
    rejected: [],
    mirrored: [],
    copies: 0,
    guardPauses: 0,
    deploymentSeconds: 0,
    throttled: 0,
    isThrottled: false,
  };
}

/** The same attempt, from a new survey on. */
export function surveyAgain({ plan: _plan, copying: _copying, ...state }: State): State {
  return state;
}

/** Whether our change is written, or being written: what is observed then is the rollout and not the failure. */
export function isAfterOurWrite({ displaced, rollout, rollback, overwritten, task }: State): boolean {
  return [displaced, rollout, rollback, overwritten, task].some((one) => one !== undefined);
}
