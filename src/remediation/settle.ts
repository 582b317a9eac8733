/**
 * Watches a deployment of ours until it stands, fails, or has had its time.
 *
 * One look is a pure judgement over what ECS says; the workflow looks again and again, with waits between.
 */

import { referenceIn, repositoryName } from "../image/reference.ts";
import { classify } from "../pull-failure/classify.ts";
import type { PullFailureKind } from "../pull-failure/pull-failure.ts";
import { redact } from "../pull-failure/redact.ts";
import { revisionName, sameRevision } from "../workload/arn.ts";
import { type Deployment, primaryDeployment, type Service } from "../workload/service.ts";
import type { Task } from "../workload/task.ts";
import type { Ports } from "./ports.ts";

export type Verdict =
  | { readonly kind: "settled"; readonly because: string }
  /** `deployment`: where it is ours that moves, its id. */
  | { readonly kind: "moving"; readonly because: string; readonly deployment?: string }
  /** Some image of ours cannot be pulled either: another place may do. `images` are those, by repository. */
  | { readonly kind: "cannot-pull"; readonly because: string; readonly images: readonly string[] }
  /** Ours starts and fails: the former revision is better. */
  | { readonly kind: "worse"; readonly because: string }
  | { readonly kind: "rolled-back"; readonly because: string }
  /** Somebody else's deployment stood between what was compared and what we wrote: it was ours that replaced it. */
  | { readonly kind: "overtook"; readonly because: string; readonly revision: string }
  | { readonly kind: "superseded"; readonly because: string; readonly revision?: string };

/** Our deployment, and what is known of the others. */
export type Watched = {
  readonly ours: string;
  readonly former: string;
  /** The deployment that ours replaced. */
  readonly replaced?: string;
  /** All deployments that the service had when it was surveyed. */
  readonly known?: readonly string[];
  /** Other revisions of this execution. */
  readonly own?: readonly string[];
  /** A revision that was seen in place of ours a moment ago. */
  readonly foreign?: string;
  /** The id of our deployment, from the look that first showed it. */
  readonly mine?: string;
};

/** A pull takes minutes, a rollout of many tasks many; health checks and bake time come on top. */
const SETTLE_SECONDS_BASE = 900;
const SETTLE_SECONDS_MAX = 6 * 3600;

/** How often a task of ours may fail before the deployment counts as failing: one failure can be anybody's. */
const FAILURES_TOLERATED = 1;

/** How long a deployment may take before it is reported as unsettled. */
export function settleSecondsFor({ healthCheckGracePeriodSeconds, bakeTimeMinutes }: Service): number {
  return Math.min(
    SETTLE_SECONDS_MAX,
    SETTLE_SECONDS_BASE + 2 * healthCheckGracePeriodSeconds + 60 * bakeTimeMinutes,
  );
}

/** `ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/…` */
const ROLLING_BACK = /rolling back/i;

/** One look at the deployment of `ours`. */
export async function lookAtRollout(
  watched: Watched & { readonly clusterArn: string; readonly service: string },
  { ecs }: Pick<Ports, "ecs">,
): Promise<Verdict> {
  const { clusterArn, ours } = watched;
  const service = await ecs.describeService(clusterArn, watched.service);
  if (service === undefined || service.status !== "ACTIVE") {
    return { kind: "superseded", because: `the service ${watched.service} was deleted meanwhile` };
  }
  const stopped = await ecs.listTasks({
    cluster: clusterArn,
    service: watched.service,
    desiredStatus: "STOPPED",
  });
  return judgeRollout(
    service,
    stopped.filter((task) => sameRevision(task.taskDefinitionArn, ours)),
    watched,
  );
}

/** What a service and the stopped tasks of our revision say about our deployment. */
export function judgeRollout(service: Service, stopped: readonly Task[], watched: Watched): Verdict {
  const { ours } = watched;
  const primary = primaryDeployment(service);
  if (primary === undefined) return { kind: "moving", because: "ECS shows no deployment yet" };
  if (!sameRevision(primary.taskDefinition, ours)) return displaced(service, primary, watched);
  // A deployment of ours that is another than the one seen first is ECS's way back from one that failed by itself:
  // there is nothing to give back.
  const isReturn = watched.mine !== undefined && primary.id !== watched.mine;
  const overtaken = isReturn ? undefined : (watched.foreign ?? overtakenIn(service, watched));
  if (overtaken !== undefined) {
    const because = `${revisionName(overtaken)} was deployed at the very moment of our write`;
    return { kind: "overtook", because, revision: overtaken };
  }

  const { desiredCount, runningCount, rolloutState, failedTasks } = primary;
  const running = `${runningCount} of ${desiredCount} tasks run ${revisionName(ours)}`;
  if (rolloutState === "COMPLETED" && runningCount >= desiredCount)
    return { kind: "settled", because: running };

  const failures = stopped.filter(
    ({ stopCode }) => stopCode === "TaskFailedToStart" || stopCode === "EssentialContainerExited",
  );
  const failing = Math.max(failedTasks, failures.length);
  if (rolloutState === "FAILED" || (failing > FAILURES_TOLERATED && runningCount === 0)) {
    const reasons = failures.flatMap(reasonsOf);
    const pulls = reasons.filter(isPullFailure);
    if (pulls[0] !== undefined) {
      const images = new Set(pulls.flatMap(({ image }) => image ?? []));
      const because = `${failing} tasks of ${revisionName(ours)} could not pull ${[...images].join(", ")}: ${pulls[0].text}`;
      return { kind: "cannot-pull", because, images: [...images] };
    }
    return {
      kind: "worse",
      because: `${failing} tasks of ${revisionName(ours)} failed: ${reasons[0]?.text ?? primary.rolloutStateReason ?? "ECS gives no reason"}`,
    };
  }
  return { kind: "moving", because: running, deployment: primary.id };
}

/** Not ours any more: ECS put another revision back, somebody deployed, or the answer is an old one. */
function displaced(service: Service, primary: Deployment, watched: Watched): Verdict {
  const { ours, former, replaced, own = [] } = watched;
  const current = primary.taskDefinition;
  const shown = service.deployments.find(({ taskDefinition }) => sameRevision(taskDefinition, ours));
  // What we replaced is shown in its place, and ours nowhere: this is how it was before.
  const isOld = shown === undefined && primary.id === replaced;
  if (isOld || own.some((one) => sameRevision(one, current)))
    return { kind: "moving", because: "ECS does not show the new deployment yet" };
  if (ROLLING_BACK.test(primary.rolloutStateReason ?? "")) {
    const why = shown?.rolloutStateReason ?? primary.rolloutStateReason;
    return { kind: "rolled-back", because: `ECS put ${revisionName(current)} back: ${why}` };
  }
  if (sameRevision(service.taskDefinition, ours))
    return { kind: "moving", because: "ECS does not show the new deployment yet" };
  if (sameRevision(current, former)) {
    const why = shown?.rolloutStateReason === undefined ? "" : `: ${shown.rolloutStateReason}`;
    return { kind: "rolled-back", because: `${revisionName(former)} was put back${why}` };
  }
  return {
    kind: "superseded",
    because: `${revisionName(current)} was deployed meanwhile`,
    revision: current,
  };
}

/** A deployment that nobody had seen when we surveyed, and that ours has replaced. */
export function overtakenIn(
  { deployments }: Pick<Service, "deployments">,
  { ours, former, known, own = [] }: Watched,
): string | undefined {
  if (known === undefined) return undefined;
  return deployments.find(
    ({ id, status, taskDefinition, rolloutStateReason = "" }) =>
      status !== "PRIMARY" &&
      !known.includes(id) &&
      // What ECS itself goes back to is what nobody asked for: our revision is what the owner wanted.
      !ROLLING_BACK.test(rolloutStateReason) &&
      ![ours, former, ...own].some((one) => sameRevision(one, taskDefinition)),
  )?.taskDefinition;
}

type Reason = { readonly text: string; readonly kind: PullFailureKind; readonly image?: string };

/** Why a task stopped: each container's own reason, or the task's where no container has one; redacted. */
function reasonsOf({ containers, stoppedReason }: Task): readonly Reason[] {
  const inContainers = containers.flatMap(({ reason, image }) =>
    reason === undefined ? [] : [{ reason, image }],
  );
  const told =
    inContainers.length > 0
      ? inContainers
      : stoppedReason === undefined
        ? []
        : [{ reason: stoppedReason, image: undefined }];
  return told.map(({ reason, image }) => {
    const { kind, image: named } = classify(reason, image);
    const repository = referenceIn(named);
    return {
      text: redact(reason),
      kind,
      ...(repository === undefined ? {} : { image: repositoryName(repository) }),
    };
  });
}

function isPullFailure({ kind, text }: Reason): boolean {
  return kind !== "other" || /CannotPull/.test(text);
}
