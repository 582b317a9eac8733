/** The records of a service that is created, and of a deployment that completed before the world began. */

import type { NewService } from "./cluster-api.ts";
import type { ClusterRecord, DeploymentRecord, ServiceRecord } from "./state.ts";

/** A service with ECS's defaults for what its settings leave out. */
export function serviceRecord(
  settings: NewService,
  {
    cluster,
    arn,
    taskDefinition,
    now,
  }: { cluster: ClusterRecord; arn: string; taskDefinition: string; now: number },
): ServiceRecord {
  const isDaemon = settings.schedulingStrategy === "DAEMON";
  const launchType = settings.launchType ?? "FARGATE";
  return {
    cluster,
    name: settings.name,
    arn,
    controller: settings.controller ?? "ECS",
    schedulingStrategy: settings.schedulingStrategy ?? "REPLICA",
    launchType,
    platformVersion: launchType === "FARGATE" ? (settings.platformVersion ?? "1.4.0") : undefined,
    minimumHealthyPercent: settings.minimumHealthyPercent ?? (isDaemon ? 0 : 100),
    maximumPercent: settings.maximumPercent ?? (isDaemon ? 100 : 200),
    circuitBreaker: settings.circuitBreaker ?? { enable: false, rollback: false },
    healthCheckGracePeriodSeconds: settings.healthCheckGracePeriodSeconds ?? 0,
    bakeTimeMinutes: settings.bakeTimeMinutes ?? 0,
    // CodeDeploy knows nothing but two environments side by side.
    strategy: settings.strategy ?? {
      kind: settings.controller === "CODE_DEPLOY" ? "BLUE_GREEN" : "ROLLING",
    },
    hooks: settings.hooks ?? [],
    alarms: settings.alarms,
    behindClassicLoadBalancer: settings.behindClassicLoadBalancer ?? false,
    tags: settings.tags ?? {},
    others: settings.others ?? {},
    createdAt: now,
    status: "ACTIVE",
    desiredCount: settings.desiredCount ?? 1,
    taskDefinition,
    deployments: [],
    serviceDeployments: [],
    lastCompleted: undefined,
    events: [],
    failedRounds: 0,
    startsAgainAt: now,
    scheduledReconciles: new Set(),
  };
}

/** The deployment of a service that has long been running. */
export function completedDeployment(id: string, taskDefinition: string, now: number): DeploymentRecord {
  return {
    id,
    revisionId: id.replace("ecs-svc/", ""),
    taskDefinition,
    createdAt: now,
    status: "PRIMARY",
    rolloutState: "COMPLETED",
    rolloutStateReason: `ECS deployment ${id} completed.`,
    failedTasks: 0,
    isRollback: false,
    updatedAt: now,
    stage: "CLEAN_UP",
    completedAt: now,
    hooks: new Map(),
    sources: [],
    resolved: new Map(),
  };
}
