/**
 * Deployments: how a service goes from one revision to the next, and back.
 *
 * A new deployment is PRIMARY at once and the previous one ACTIVE until its tasks are gone. With a circuit
 * breaker, too many tasks in a row that cannot start end it as FAILED, and the service rolls back to the
 * last one that COMPLETED, if there is one and the breaker has `rollback`.
 */

import { deploymentId, uuid } from "../ids.ts";
import type { DeploymentRecord, EcsEnvironment, ServiceRecord } from "../state.ts";

/** Half of the desired count, at least 3, at most 200: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html */
export function breakerThreshold(desiredCount: number): number {
  return Math.min(200, Math.max(3, Math.ceil(desiredCount / 2)));
}

/** Makes a revision the service's primary deployment; whatever was under way is superseded. */
export function startDeployment(
  service: ServiceRecord,
  taskDefinition: string,
  world: EcsEnvironment,
  {
    id = deploymentId(world.random),
    because,
    backTo,
  }: {
    readonly id?: string;
    readonly because?: string;
    /** ECS rolls back to what this deployment brought: the same service revision, with the digests that it pinned. */
    readonly backTo?: DeploymentRecord;
  } = {},
): DeploymentRecord {
  const { clock } = world;
  const isRollback = backTo !== undefined;
  for (const former of service.deployments) {
    former.status = "ACTIVE";
    former.updatedAt = clock.now();
  }
  const deployment: DeploymentRecord = {
    id,
    revisionId: backTo?.revisionId ?? id.replace("ecs-svc/", ""),
    taskDefinition,
    createdAt: clock.now(),
    status: "PRIMARY",
    rolloutState: "IN_PROGRESS",
    rolloutStateReason: because ?? `ECS deployment ${id} in progress.`,
    failedTasks: 0,
    isRollback,
    updatedAt: clock.now(),
    // The rollback waits for nothing.
    ...(isRollback ? { stage: "CLEAN_UP" as const } : {}),
    hooks: new Map(),
    sources: [...service.deployments],
    resolved: backTo?.resolved ?? new Map(),
  };
  takeOver(service, deployment);
  if (!isRollback) service.serviceDeployments.unshift(deployment);
  // "Update the service to use a new task definition, which immediately returns the service to normal."
  service.failedRounds = 0;
  service.startsAgainAt = clock.now();
  tellOfDeployment(service, deployment, "INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", world);
  return deployment;
}

/** The primary has all its tasks, and no others run: the rollout is done. */
export function completeDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  world: EcsEnvironment,
): void {
  deployment.rolloutState = "COMPLETED";
  deployment.completedAt ??= world.clock.now();
  deployment.rolloutStateReason = `ECS deployment ${deployment.id} completed.`;
  deployment.updatedAt = world.clock.now();
  service.lastCompleted = deployment;
  tellOfDeployment(service, deployment, "INFO", "SERVICE_DEPLOYMENT_COMPLETED", world);
  say(service, `(service ${service.name}) has reached a steady state.`, world);
  tellOfService(service, "INFO", "SERVICE_STEADY_STATE", world);
}

/**
 * A task of the deployment could not start. One too many, and the circuit breaker ends the deployment, a moment
 * later: who deploys something else in between is faster. What it then goes back to, it does not judge again.
 */
export function countFailure(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  world: EcsEnvironment,
  afterwards: () => void,
): void {
  const { clock, unverified } = world;
  deployment.failedTasks += 1;
  deployment.updatedAt = clock.now();
  const isJudged = service.circuitBreaker.enable && service.controller === "ECS" && !deployment.isRollback;
  if (!isJudged || deployment.failedTasks !== breakerThreshold(service.desiredCount)) return;
  clock.schedule(clock.now() + unverified.breakerSeconds * 1000, () => {
    const isStill = service.deployments[0] === deployment && deployment.rolloutState === "IN_PROGRESS";
    if (!isStill || deployment.failedTasks < breakerThreshold(service.desiredCount)) return;
    deployment.rolloutStateReason = "ECS deployment circuit breaker: tasks failed to start.";
    failDeployment(service, deployment, world, {
      because: "Service deployment rolled back because the circuit breaker threshold was exceeded.",
      rollsBack: service.circuitBreaker.rollback,
      wayBack: "ECS deployment circuit breaker: rolling back to deploymentId",
    });
    afterwards();
  });
}

/**
 * Ends a deployment, and rolls back to the last one that completed, where there is one and the service asks for it.
 *
 * A rollback is recognized by the circuit breaker's words. What ECS writes into a deployment that an alarm or a hook rolls
 * back is not documented, so the sandbox writes nothing there.
 */
export function failDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  world: EcsEnvironment,
  {
    because: why,
    rollsBack,
    wayBack,
  }: {
    readonly because: string;
    readonly rollsBack: boolean;
    readonly wayBack?: string;
  },
): void {
  deployment.rolloutState = "FAILED";
  deployment.ended = { because: why, to: undefined };
  tellOfDeployment(service, deployment, "ERROR", "SERVICE_DEPLOYMENT_FAILED", world);
  say(
    service,
    `(service ${service.name}) (deployment ${deployment.id}) deployment failed: ${wayBack === undefined ? why : "tasks failed to start."}`,
    world,
  );

  const { lastCompleted } = service;
  if (!rollsBack || lastCompleted === undefined) return;
  const because = wayBack === undefined ? undefined : `${wayBack} ${lastCompleted.id}.`;
  say(service, `(service ${service.name}) rolling back to deployment ${lastCompleted.id}.`, world);
  service.taskDefinition = lastCompleted.taskDefinition;
  // What moves traffic keeps its old tasks until the end: a rollback finds them running.
  const startsAnew = world.unverified.rollbackStartsAnew && service.strategy.kind === "ROLLING";
  if (startsAnew || !service.deployments.includes(lastCompleted)) {
    const to = startDeployment(service, lastCompleted.taskDefinition, world, {
      ...(because === undefined ? {} : { because }),
      backTo: lastCompleted,
    });
    deployment.ended = { because: why, to, at: world.clock.now() };
    return;
  }
  deployment.ended = { because: why, to: lastCompleted, at: world.clock.now() };
  deployment.status = "ACTIVE";
  lastCompleted.status = "PRIMARY";
  lastCompleted.rolloutState = "IN_PROGRESS";
  lastCompleted.stage = "CLEAN_UP";
  lastCompleted.rolloutStateReason = because ?? `ECS deployment ${lastCompleted.id} in progress.`;
  lastCompleted.updatedAt = world.clock.now();
  takeOver(service, lastCompleted);
  tellOfDeployment(service, lastCompleted, "INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", world);
}

/** How long ECS takes to begin what StopServiceDeployment asks for. */
const STOP_SECONDS = 5;

/** StopServiceDeployment with ROLLBACK; false where the deployment is not in progress. */
export function requestRollback(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  world: EcsEnvironment,
  afterwards: () => void,
): boolean {
  if (deployment.isStopRequested || deployment.ended?.to !== undefined) return true;
  const isStill = () => service.deployments[0] === deployment && deployment.rolloutState === "IN_PROGRESS";
  if (!isStill() || deployment.isRollback || service.lastCompleted === undefined) return false;
  deployment.isStopRequested = true;
  world.clock.schedule(world.clock.now() + STOP_SECONDS * 1000, () => {
    if (!isStill()) return;
    const because = "Service deployment rolled back because of a StopServiceDeployment request.";
    failDeployment(service, deployment, world, { because, rollsBack: true });
    afterwards();
  });
  return true;
}

function takeOver(service: ServiceRecord, primary: DeploymentRecord): void {
  service.deployments = [primary, ...service.deployments.filter((other) => other !== primary)];
}

/** A line of the service's event list. */
export function say(service: ServiceRecord, message: string, { clock, random }: EcsEnvironment): void {
  service.events.unshift({ id: uuid(random), at: clock.now(), message });
  service.events.length = Math.min(service.events.length, 100);
}

/** An ECS Service Action event: it names the service, and never the reason. */
export function tellOfService(
  service: ServiceRecord,
  eventType: "INFO" | "WARN" | "ERROR",
  eventName: string,
  { bus, clock }: EcsEnvironment,
): void {
  bus.emit({
    source: "aws.ecs",
    type: "ECS Service Action",
    resources: [service.arn],
    detail: {
      eventType,
      eventName,
      clusterArn: service.cluster.arn,
      createdAt: new Date(clock.now()).toISOString(),
    },
  });
}

function tellOfDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  eventType: "INFO" | "ERROR",
  eventName: string,
  { bus, clock }: EcsEnvironment,
): void {
  if (service.controller !== "ECS") return;
  bus.emit({
    source: "aws.ecs",
    type: "ECS Deployment State Change",
    resources: [service.arn],
    detail: {
      eventType,
      eventName,
      deploymentId: deployment.id,
      updatedAt: new Date(clock.now()).toISOString(),
      reason: deployment.rolloutStateReason,
    },
  });
}
