/** A service as DescribeServices answers it, with its deployments or, of another controller than ECS, its task sets. */

import type { JsonObject } from "../../../runtime/json.ts";
import { type DeploymentRecord, jsonOf, type ServiceRecord } from "../state.ts";
import { codeDeploymentId, hookArn } from "./resource-names.ts";
import { isPending, isRunning } from "./task-document.ts";

/** Tags included. */
export function describedService(service: ServiceRecord): JsonObject {
  const tasks = [...service.cluster.tasks.values()].filter((task) => task.service === service);
  const deployments = service.deployments.map((deployment) => describedDeployment(service, deployment));
  const isEcs = service.controller === "ECS";
  const { strategy, alarms, hooks } = service;
  return jsonOf({
    ...service.others,
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.cluster.arn,
    loadBalancers: service.behindClassicLoadBalancer
      ? [{ loadBalancerName: `${service.name}-lb`, containerName: "web", containerPort: 80 }]
      : [],
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: tasks.filter(isRunning).length,
    pendingCount: tasks.filter(isPending).length,
    launchType: "capacityProviderStrategy" in service.others ? undefined : service.launchType,
    platformVersion: service.platformVersion,
    // Services of CODE_DEPLOY keep the revision they were made with; those of EXTERNAL have task sets only.
    taskDefinition: {
      ECS: service.taskDefinition,
      CODE_DEPLOY: service.serviceDeployments.at(-1)?.taskDefinition,
      EXTERNAL: undefined,
    }[service.controller],
    deploymentConfiguration: {
      ...(service.controller === "ECS"
        ? { deploymentCircuitBreaker: { ...service.circuitBreaker }, strategy: strategy.kind }
        : {}),
      ...(strategy.kind === "CANARY"
        ? {
            canaryConfiguration: {
              canaryPercent: strategy.stepPercent ?? 5,
              canaryBakeTimeInMinutes: strategy.stepMinutes ?? 10,
            },
          }
        : {}),
      ...(strategy.kind === "LINEAR"
        ? {
            linearConfiguration: {
              stepPercent: strategy.stepPercent ?? 10,
              stepBakeTimeInMinutes: strategy.stepMinutes ?? 10,
            },
          }
        : {}),
      ...(alarms === undefined
        ? {}
        : { alarms: { alarmNames: [...alarms.names], enable: true, rollback: alarms.rollback } }),
      ...(hooks.length === 0
        ? {}
        : {
            lifecycleHooks: hooks.map(({ name, stage, isPause, timeoutMinutes }) => ({
              ...(isPause ? { targetType: "PAUSE" } : { hookTargetArn: hookArn(service, name) }),
              lifecycleStages: [stage],
              ...(timeoutMinutes === undefined
                ? {}
                : { timeoutConfiguration: { timeoutInMinutes: timeoutMinutes, action: "ROLLBACK" } }),
            })),
          }),
      bakeTimeInMinutes: service.bakeTimeMinutes,
      maximumPercent: service.maximumPercent,
      minimumHealthyPercent: service.minimumHealthyPercent,
    },
    deployments: isEcs ? deployments : [],
    ...(isEcs
      ? {}
      : {
          taskSets: service.deployments.map((deployment) => ({
            ...describedDeployment(service, deployment),
            ...(service.controller === "CODE_DEPLOY"
              ? { startedBy: "CODE_DEPLOY", externalId: codeDeploymentId(deployment) }
              : {}),
            status: deployment === withTraffic(service) ? "PRIMARY" : "ACTIVE",
            computedDesiredCount: service.desiredCount,
            stabilityStatus: "STEADY_STATE",
          })),
        }),
    events: service.events.map(({ id, at, message }) => ({ id, createdAt: at / 1000, message })),
    createdAt: service.createdAt / 1000,
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds,
    schedulingStrategy: service.schedulingStrategy,
    deploymentController: { type: service.controller },
    tags: Object.entries(service.tags).map(([key, value]) => ({ key, value })),
    propagateTags: "NONE",
  });
}

/** Whose tasks have the traffic, where another deployer than ECS moves it. */
function withTraffic({ deployments, controller }: ServiceRecord): DeploymentRecord | undefined {
  const [newest, before] = deployments;
  const isMoved = controller !== "CODE_DEPLOY" || HAS_TRAFFIC.includes(newest?.stage ?? "");
  return isMoved || before === undefined ? newest : before;
}

const HAS_TRAFFIC = ["POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME", "CLEAN_UP"];

function describedDeployment(service: ServiceRecord, deployment: DeploymentRecord): JsonObject {
  const tasks = [...service.cluster.tasks.values()].filter((task) => task.deployment === deployment);
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.taskDefinition,
    desiredCount: deployment.status === "PRIMARY" ? service.desiredCount : 0,
    pendingCount: tasks.filter(isPending).length,
    runningCount: tasks.filter(isRunning).length,
    failedTasks: deployment.failedTasks,
    createdAt: deployment.createdAt / 1000,
    updatedAt: deployment.updatedAt / 1000,
    launchType: service.launchType,
    // "The rolloutState of a service is only returned for services that use the rolling update (ECS) deployment type
    // that aren't behind a Classic Load Balancer": API_Deployment (read 2026-11).
    ...(service.controller === "ECS" && !service.behindClassicLoadBalancer
      ? { rolloutState: deployment.rolloutState, rolloutStateReason: deployment.rolloutStateReason }
      : {}),
  };
}
