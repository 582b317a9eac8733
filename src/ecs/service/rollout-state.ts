/**
 * How far a service's newest deployment has come: by ECS's own word where there is one, by its tasks where there is none.
 *
 * "The `rolloutState` of a service is only returned for services that use a rolling update (ECS) deployment type that
 * aren't behind a Classic Load Balancer." Such a service's deployments show the rest: the old one is listed until the
 * last of its tasks is gone.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html (read 2026-11)
 */

import { type Deployment, primaryDeployment, type Service } from "./service.ts";

/** `unknown`: ECS says nothing, and one deployment without all of its tasks begins, or replaces a task that has died. */
export type Rollout = "completed" | "in-progress" | "failed" | "unknown";

const STATES: Readonly<Record<string, Rollout>> = {
  COMPLETED: "completed",
  IN_PROGRESS: "in-progress",
  FAILED: "failed",
};

export function rolloutOf(service: Pick<Service, "deployments">): Rollout {
  const primary = primaryDeployment(service);
  if (primary === undefined) return "unknown";
  const { rolloutState, runningCount, desiredCount, pendingCount } = primary;
  if (rolloutState !== undefined) return STATES[rolloutState] ?? "unknown";
  if (service.deployments.length > 1) return "in-progress";
  return runningCount === desiredCount && pendingCount === 0 ? "completed" : "unknown";
}

/** Its newest deployment is through, and all of its tasks run. */
export function isFullyRunning(service: Pick<Service, "deployments">): boolean {
  const { desiredCount = 0, runningCount = 0 } = primaryDeployment(service) ?? {};
  return rolloutOf(service) === "completed" && desiredCount > 0 && runningCount >= desiredCount;
}

/** ECS itself goes back: `ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/…` */
export function isRollingBack({ rolloutStateReason = "" }: Pick<Deployment, "rolloutStateReason">): boolean {
  return /rolling back/i.test(rolloutStateReason);
}
