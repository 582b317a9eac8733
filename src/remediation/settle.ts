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
import { primaryDeployment, type Service } from "../workload/service.ts";
import type { Task } from "../workload/task.ts";
import type { Ports } from "./ports.ts";

export type Verdict =
  | { readonly kind: "settled"; readonly because: string }
  | { readonly kind: "moving"; readonly because: string }
  /** Some image of ours cannot be pulled either: another place may do. `images` are those, by repository. */
  | { readonly kind: "cannot-pull"; readonly because: string; readonly images: readonly string[] }
  /** Ours starts and fails: the former revision is better. */
  | { readonly kind: "worse"; readonly because: string }
  | { readonly kind: "rolled-back"; readonly because: string }
  | { readonly kind: "superseded"; readonly because: string };

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

/** One look at the deployment of `ours`. */
export async function lookAtRollout(
  watched: {
    readonly clusterArn: string;
    readonly service: string;
    readonly ours: string;
    readonly former: string;
  },
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
export function judgeRollout(
  service: Service,
  stopped: readonly Task[],
  { ours, former }: { readonly ours: string; readonly former: string },
): Verdict {
  const primary = primaryDeployment(service);
  if (primary === undefined) return { kind: "moving", because: "ECS shows no deployment yet" };
  if (!sameRevision(primary.taskDefinition, ours))
    return displaced(service, primary.taskDefinition, ours, former);

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
  return { kind: "moving", because: running };
}

/** Not ours any more: ECS put the former revision back, or somebody deployed. */
function displaced(service: Service, current: string, ours: string, former: string): Verdict {
  if (sameRevision(current, former)) {
    const reason = service.deployments.find(({ taskDefinition }) =>
      sameRevision(taskDefinition, ours),
    )?.rolloutStateReason;
    const why = reason === undefined ? "" : `: ${reason}`;
    // A service that still points at ours has only not been read afresh.
    if (sameRevision(service.taskDefinition, ours))
      return { kind: "moving", because: "ECS does not show the new deployment yet" };
    return { kind: "rolled-back", because: `ECS put ${revisionName(former)} back${why}` };
  }
  return { kind: "superseded", because: `${revisionName(current)} was deployed meanwhile` };
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
