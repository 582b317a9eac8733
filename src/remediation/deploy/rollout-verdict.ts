/**
 * Watches a deployment of ours until it has completed, failed, or had its time.
 *
 * One look is a pure judgement over what ECS says; the workflow looks again and again, with waits between.
 */

import { sameRevision, shortRevision } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import { isRollingBack, rolloutOf } from "../../ecs/service/rollout-state.ts";
import { type Deployment, primaryDeployment, type Service } from "../../ecs/service/service.ts";
import type { ServiceDeployment } from "../../ecs/service/service-deployment.ts";
import type { Task } from "../../ecs/task/task.ts";
import { runsTheSame } from "../../ecs/task-definition/same-definition.ts";
import { AwsError, isTransient } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import { formatOverwrite } from "../report/ending-reason.ts";
import type { RolloutContext, RolloutStatus } from "./rollout.ts";
import { formatStage, serviceDeploymentVerdict } from "./service-deployment-verdict.ts";
import { failedTasksOf, isPullFailure, stopReasons } from "./stopped-tasks.ts";

/** A pull takes minutes, a rollout of many tasks many; health checks, hooks and bake time come on top. */
const ROLLOUT_SECONDS_BASE = 900;
/** Of the day that an execution has; what all its rollouts together may take is the course's matter. */
const ROLLOUT_SECONDS_MAX = 16 * 3600;

/** How often a task of ours may fail before the deployment counts as failing: a single failure may be unrelated. */
const FAILURES_TOLERATED = 1;

/** How long a deployment may take before it is reported as unsettled. */
export function rolloutTimeoutSeconds({
  healthCheckGracePeriodSeconds,
  bakeTimeMinutes,
  hookMinutes,
}: Service): number {
  return Math.min(
    ROLLOUT_SECONDS_MAX,
    ROLLOUT_SECONDS_BASE + 2 * healthCheckGracePeriodSeconds + 60 * (bakeTimeMinutes + hookMinutes),
  );
}

/** One look at the deployment of `ours`. */
export async function checkRollout(
  watched: RolloutContext & { readonly clusterArn: string; readonly service: string },
  { ecs }: Pick<Ports, "ecs">,
): Promise<RolloutStatus> {
  const { clusterArn, newRevision } = watched;
  const service = await ecs.describeService(clusterArn, watched.service);
  if (service === undefined || service.status !== "ACTIVE") {
    return { kind: "superseded", because: `the service ${watched.service} was deleted meanwhile` };
  }
  const stopped = await ecs.listTasks({
    cluster: clusterArn,
    service: watched.service,
    desiredStatus: "STOPPED",
  });
  const serviceDeployment = await currentServiceDeployment(service, newRevision, { ecs });
  const ours = stopped.filter((task) => sameRevision(task.taskDefinitionArn, newRevision));
  const status = judgeRollout(service, ours, watched, serviceDeployment);
  if (status.kind !== "overwrote") return status;
  const same = await areTheSame(newRevision, status.revision, { ecs });
  if (same === "unknown") return { kind: "in-progress", because: status.because, replaced: status.revision };
  if (same === "no") return status;
  // Two failures of one service are two executions of Repull: nothing is lost where one replaces what the other wrote.
  const { foreignRevision: _, knownDeploymentIds: __, ...rest } = watched;
  return judgeRollout(service, ours, rest, serviceDeployment);
}

/**
 * Whether both revisions run the same images in the same way. Without the right to read them, they do not; without an
 * answer it is unknown, and what was seen must not be lost with this look.
 */
async function areTheSame(
  one: string,
  other: string,
  { ecs }: Pick<Ports, "ecs">,
): Promise<"yes" | "no" | "unknown"> {
  try {
    const [a, b] = await Promise.all([one, other].map((arn) => ecs.describeTaskDefinition(arn)));
    if (a === undefined || b === undefined) return "no";
    return runsTheSame(a.taskDefinition, b.taskDefinition) ? "yes" : "no";
  } catch (error) {
    if (error instanceof AwsError) return isTransient(error) ? "unknown" : "no";
    throw error;
  }
}

/** The story of a deployment that more than its tasks decide about; without the right to read it, the tasks decide alone. */
export async function currentServiceDeployment(
  service: Service,
  revision: string,
  { ecs }: Pick<Ports, "ecs">,
): Promise<ServiceDeployment | undefined> {
  if (!service.hasDeploymentStages || service.controller !== "ECS") return undefined;
  try {
    return await ecs.serviceDeployment(service.clusterArn, service.name, revision);
  } catch (error) {
    if (error instanceof AwsError && (error.kind === "denied" || error.kind === "invalid")) return undefined;
    throw error;
  }
}

/** What a service, the stopped tasks of our revision and ECS's own story say about our deployment. */
export function judgeRollout(
  service: Service,
  stopped: readonly Task[],
  watched: RolloutContext,
  serviceDeployment?: ServiceDeployment,
): RolloutStatus {
  const { newRevision } = watched;
  const primary = primaryDeployment(service);
  if (primary === undefined) return { kind: "in-progress", because: "ECS shows no deployment yet" };
  const isOurs = sameRevision(primary.taskDefinition, newRevision);
  const told =
    serviceDeployment === undefined
      ? undefined
      : serviceDeploymentVerdict(serviceDeployment, { ours: newRevision, isOurs });
  if (told !== undefined) return told;
  if (!isOurs) return notPrimaryAnyMore(service, primary, watched);
  // A deployment of ours that is another than the one seen first is ECS's rollback from one that failed by itself:
  // there is nothing to give back.
  const isReturn = watched.ourDeploymentId !== undefined && primary.id !== watched.ourDeploymentId;
  const overtaken = isReturn
    ? undefined
    : (watched.foreignRevision ?? findOverwrittenDeployment(service, watched));
  if (overtaken !== undefined) {
    const deployments = service.deployments.map(({ id }) => id);
    return { kind: "overwrote", because: formatOverwrite(overtaken), revision: overtaken, deployments };
  }

  const { desiredCount, runningCount, failedTasks } = primary;
  const rollout = rolloutOf(service);
  const running = `${runningCount} of ${desiredCount} tasks run ${shortRevision(newRevision)}`;
  const isBaking = serviceDeployment !== undefined && serviceDeployment.status !== "SUCCESSFUL";
  if (rollout === "completed" && runningCount >= desiredCount && !isBaking)
    return { kind: "succeeded", because: running };

  const failures = failedTasksOf(stopped);
  const failing = Math.max(failedTasks, failures.length);
  if (rollout === "failed" || (failing > FAILURES_TOLERATED && runningCount === 0)) {
    const reasons = failures.flatMap(stopReasons);
    const pulls = reasons.filter(isPullFailure);
    if (pulls[0] !== undefined) {
      const images = new Set(pulls.flatMap(({ image }) => image ?? []));
      const because = `${failing} tasks of ${shortRevision(newRevision)} could not pull ${[...images].join(", ")}: ${pulls[0].text}`;
      return { kind: "cannot-pull", because, images: [...images] };
    }
    return {
      kind: "unhealthy",
      because: `${failing} tasks of ${shortRevision(newRevision)} failed: ${reasons[0]?.text ?? primary.rolloutStateReason ?? "ECS gives no reason"}`,
    };
  }
  const stage = serviceDeployment === undefined ? "" : formatStage(serviceDeployment);
  return { kind: "in-progress", because: `${running}${stage}`, deployment: primary.id };
}

/** Not ours any more: ECS rolled back, another deployment came, or the answer is an old one. */
function notPrimaryAnyMore(service: Service, primary: Deployment, watched: RolloutContext): RolloutStatus {
  const { newRevision, previousRevision, replacedDeploymentId, ownRevisions = [] } = watched;
  const current = primary.taskDefinition;
  const shown = service.deployments.find(({ taskDefinition }) => sameRevision(taskDefinition, newRevision));
  const deployment = optional("deployment", shown?.id);
  // What we replaced is shown in its place, and ours nowhere: this is how it was before.
  const isOld = shown === undefined && primary.id === replacedDeploymentId;
  if (isOld || ownRevisions.some((one) => sameRevision(one, current)))
    return { kind: "in-progress", because: "ECS does not show the new deployment yet" };
  if (isRollingBack(primary)) {
    const why = shown?.rolloutStateReason ?? primary.rolloutStateReason;
    return {
      kind: "rolled-back",
      because: `ECS rolled back to ${shortRevision(current)}: ${why}`,
      ...deployment,
    };
  }
  if (sameRevision(service.taskDefinition, newRevision))
    return { kind: "in-progress", because: "ECS does not show the new deployment yet" };
  if (sameRevision(current, previousRevision)) {
    const why = shown?.rolloutStateReason === undefined ? "" : `: ${shown.rolloutStateReason}`;
    return {
      kind: "rolled-back",
      because: `${shortRevision(previousRevision)} was deployed again${why}`,
      ...deployment,
    };
  }
  const because = `${shortRevision(current)} was deployed meanwhile`;
  // Ours is shown behind it, and so is the older one: whatever is seen later, it has replaced ours and not ours it.
  return shown === undefined
    ? { kind: "superseded", because, revision: current }
    : { kind: "superseded", because, deployment: shown.id };
}

/**
 * A foreign deployment that the survey had not seen, and that ours has replaced.
 *
 * The newest one is what was last asked for. When it brought the revision that ours replaces, nothing is lost, and what
 * came before it was replaced by its own deployer. Where the primary deployment is ECS's own rollback, ECS has replaced
 * it, because it failed.
 */
export function findOverwrittenDeployment(
  { deployments }: Pick<Service, "deployments">,
  {
    newRevision,
    previousRevision,
    knownDeploymentIds,
    ownRevisions = [],
  }: Pick<RolloutContext, "newRevision" | "knownDeploymentIds" | "ownRevisions"> & {
    /** What ours replaces; absent where ours is a rollback. */
    readonly previousRevision?: string;
  },
): string | undefined {
  if (knownDeploymentIds === undefined) return undefined;
  if (isRollingBack(primaryDeployment({ deployments }) ?? {})) return undefined;
  const [last] = deployments
    .filter(
      (deployment) =>
        deployment.status !== "PRIMARY" &&
        !knownDeploymentIds.includes(deployment.id) &&
        // A rollback of ECS's own was not asked for: our revision is based on what was deployed.
        !isRollingBack(deployment) &&
        ![newRevision, ...ownRevisions].some((one) => sameRevision(one, deployment.taskDefinition)),
    )
    // ECS lists the newest first: that holds among those of one moment.
    .toSorted((one, other) => (other.createdAt ?? 0) - (one.createdAt ?? 0));
  if (
    last === undefined ||
    (previousRevision !== undefined && sameRevision(previousRevision, last.taskDefinition))
  )
    return undefined;
  return last.taskDefinition;
}
