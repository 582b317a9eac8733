/**
 * Deployments: how a service goes from one revision to the next, and back.
 *
 * A new deployment is PRIMARY at once and the former one ACTIVE until its tasks are gone. With a circuit
 * breaker, too many tasks in a row that cannot start end it as FAILED, and the service goes back to the
 * last one that COMPLETED, if there is one and the owner wants it.
 */

import {
  type DeploymentRecord,
  deploymentId,
  type ServiceRecord,
  type Surroundings,
  uuid,
} from "./cluster-state.ts";

/** Half of the desired count, at least 3, at most 200: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html */
export function breakerThreshold(desiredCount: number): number {
  return Math.min(200, Math.max(3, Math.ceil(desiredCount / 2)));
}

/** Makes a revision the service's primary deployment; whatever was under way is superseded. */
export function startDeployment(
  service: ServiceRecord,
  taskDefinition: string,
  world: Surroundings,
  { id = deploymentId(world.random), because }: { readonly id?: string; readonly because?: string } = {},
): DeploymentRecord {
  const { clock } = world;
  for (const former of service.deployments) {
    former.status = "ACTIVE";
    former.updatedAt = clock.now();
  }
  const deployment: DeploymentRecord = {
    id,
    taskDefinition,
    createdAt: clock.now(),
    status: "PRIMARY",
    rolloutState: "IN_PROGRESS",
    rolloutStateReason: because ?? `ECS deployment ${id} in progress.`,
    failedTasks: 0,
    updatedAt: clock.now(),
    resolved: new Map(),
  };
  takeOver(service, deployment);
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
  world: Surroundings,
): void {
  deployment.rolloutState = "COMPLETED";
  deployment.rolloutStateReason = `ECS deployment ${deployment.id} completed.`;
  deployment.updatedAt = world.clock.now();
  service.lastCompleted = deployment;
  tellOfDeployment(service, deployment, "INFO", "SERVICE_DEPLOYMENT_COMPLETED", world);
  say(service, `(service ${service.name}) has reached a steady state.`, world);
  tellOfService(service, "INFO", "SERVICE_STEADY_STATE", world);
}

/** A task of the deployment could not start; answers whether the circuit breaker ended the deployment for it. */
export function countFailure(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  world: Surroundings,
): boolean {
  deployment.failedTasks += 1;
  deployment.updatedAt = world.clock.now();
  const { enable } = service.circuitBreaker;
  if (!enable || service.controller !== "ECS" || deployment.rolloutState !== "IN_PROGRESS") return false;
  if (deployment.failedTasks < breakerThreshold(service.desiredCount)) return false;
  failDeployment(service, deployment, world);
  return true;
}

function failDeployment(service: ServiceRecord, deployment: DeploymentRecord, world: Surroundings): void {
  deployment.rolloutState = "FAILED";
  deployment.rolloutStateReason = "ECS deployment circuit breaker: tasks failed to start.";
  tellOfDeployment(service, deployment, "ERROR", "SERVICE_DEPLOYMENT_FAILED", world);
  say(
    service,
    `(service ${service.name}) (deployment ${deployment.id}) deployment failed: tasks failed to start.`,
    world,
  );

  const { lastCompleted, circuitBreaker } = service;
  if (!circuitBreaker.rollback || lastCompleted === undefined) return;
  const because = `ECS deployment circuit breaker: rolling back to deploymentId ${lastCompleted.id}.`;
  say(service, `(service ${service.name}) rolling back to deployment ${lastCompleted.id}.`, world);
  service.taskDefinition = lastCompleted.taskDefinition;
  if (world.unverified.rollbackStartsAnew || !service.deployments.includes(lastCompleted)) {
    startDeployment(service, lastCompleted.taskDefinition, world, { because });
    return;
  }
  deployment.status = "ACTIVE";
  lastCompleted.status = "PRIMARY";
  lastCompleted.rolloutState = "IN_PROGRESS";
  lastCompleted.rolloutStateReason = because;
  lastCompleted.updatedAt = world.clock.now();
  takeOver(service, lastCompleted);
  tellOfDeployment(service, lastCompleted, "INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", world);
}

function takeOver(service: ServiceRecord, primary: DeploymentRecord): void {
  service.deployments = [primary, ...service.deployments.filter((other) => other !== primary)];
}

/** A line of the service's event list. */
export function say(service: ServiceRecord, message: string, { clock, random }: Surroundings): void {
  service.events.unshift({ id: uuid(random), at: clock.now(), message });
  service.events.length = Math.min(service.events.length, 100);
}

/** An ECS Service Action event: it tells which service, and never why. */
export function tellOfService(
  service: ServiceRecord,
  eventType: "INFO" | "WARN" | "ERROR",
  eventName: string,
  { bus, clock }: Surroundings,
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
  { bus, clock }: Surroundings,
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
