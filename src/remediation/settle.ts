/**
 * Watches a deployment of ours until it stands, fails, or has had its time.
 *
 * One look is a pure judgement over what ECS says; the workflow looks again and again, with waits between.
 */

import { classify } from "../pull-failure/classify.ts";
import { revisionName, sameRevision } from "../workload/arn.ts";
import { primaryDeployment, type Service } from "../workload/service.ts";
import type { Task } from "../workload/task.ts";
import type { Ports } from "./ports.ts";

export type Verdict =
  | { readonly kind: "settled"; readonly because: string }
  | { readonly kind: "moving"; readonly because: string }
  /** Ours cannot be pulled either: another place may do. */
  | { readonly kind: "cannot-pull"; readonly because: string }
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
    const pull = reasons.find(isPullFailure);
    if (pull !== undefined)
      return {
        kind: "cannot-pull",
        because: `${failing} tasks of ${revisionName(ours)} could not pull: ${classify(pull).because}`,
      };
    return {
      kind: "worse",
      because: `${failing} tasks of ${revisionName(ours)} failed: ${reasons[0] ?? primary.rolloutStateReason ?? "ECS gives no reason"}`,
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

function reasonsOf(task: Task): readonly string[] {
  const inContainers = task.containers.map(({ reason }) => reason).filter((reason) => reason !== undefined);
  return inContainers.length > 0
    ? inContainers
    : task.stoppedReason === undefined
      ? []
      : [task.stoppedReason];
}

function isPullFailure(reason: string): boolean {
  return classify(reason).kind !== "other" || /CannotPull/.test(reason);
}
