/**
 * The cluster's records in the shapes that ECS sends: the API's answers, and the events on the bus.
 *
 * Shapes as captured from real accounts (events of 2019 to 2024, DescribeTasks of 2024): times are ISO texts
 * in events and seconds since the epoch in the API, and a container that never ran has no digest or runtime id.
 */

import { getString } from "../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { type DeploymentRecord, jsonOf, type ServiceRecord, type TaskRecord } from "./state.ts";

type Time = (milliseconds: number | undefined) => Json | undefined;

const isoTime: Time = (ms) => (ms === undefined ? undefined : new Date(ms).toISOString());
const epochSeconds: Time = (ms) => (ms === undefined ? undefined : ms / 1000);

/** A task as DescribeTasks answers it. */
export function describedTask(task: TaskRecord): JsonObject {
  const tags = Object.entries(task.tags ?? {}).map(([key, value]) => ({ key, value }));
  return taskDocument(task, epochSeconds, { platformFamily: "Linux", tags });
}

/** The `detail` of an ECS Task State Change event. */
export function taskEventDetail(task: TaskRecord): JsonObject {
  return taskDocument(task, isoTime, {});
}

function taskDocument(task: TaskRecord, time: Time, others: JsonObject): JsonObject {
  const { definition, attachment, platform, cluster, launchType } = task;
  const architecture = platform.architecture === "arm64" ? "arm64" : "x86_64";
  return jsonOf({
    attachments: attachment === undefined ? [] : [attachment],
    attributes: [{ name: "ecs.cpu-architecture", value: architecture }],
    availabilityZone: zoneOf(task),
    clusterArn: cluster.arn,
    connectivity: task.connectivityAt === undefined ? undefined : "CONNECTED",
    connectivityAt: time(task.connectivityAt),
    ...(launchType === "EC2"
      ? {
          containerInstanceArn: `${cluster.arn.replace(":cluster/", ":container-instance/")}/${"0".repeat(31)}1`,
        }
      : {}),
    containers: task.containers.map((container) => ({
      containerArn: container.arn,
      ...(container.exitCode === undefined ? {} : { exitCode: container.exitCode }),
      lastStatus: container.lastStatus,
      name: container.name,
      image: container.image,
      ...(container.imageDigest === undefined ? {} : { imageDigest: container.imageDigest }),
      ...(container.runtimeId === undefined ? {} : { runtimeId: container.runtimeId }),
      ...(container.reason === undefined ? {} : { reason: container.reason }),
      taskArn: task.arn,
      networkInterfaces: [],
      cpu: String(container.definition.cpu ?? 0),
    })),
    cpu: getString(definition, "cpu"),
    createdAt: time(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: false,
    executionStoppedAt: time(task.executionStoppedAt),
    group: task.group,
    launchType,
    lastStatus: task.lastStatus,
    memory: getString(definition, "memory"),
    overrides: { containerOverrides: task.containers.map(({ name }) => ({ name })), ...task.overrides },
    platformVersion: task.platformVersion,
    pullStartedAt: time(task.pullStartedAt),
    pullStoppedAt: time(task.pullStoppedAt),
    startedAt: time(task.startedAt),
    startedBy: task.startedBy,
    stopCode: task.stopCode,
    stoppedAt: time(task.stoppedAt),
    stoppedReason: task.stoppedReason,
    stoppingAt: time(task.stoppingAt),
    taskArn: task.arn,
    taskDefinitionArn: getString(definition, "taskDefinitionArn"),
    updatedAt: time(task.updatedAt),
    version: task.version,
    ...others,
  });
}

/** A service as DescribeServices answers it, tags included. */
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

/** A deployment's story as DescribeServiceDeployments tells it. */
export function describedServiceDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  idNamesRevision: boolean,
): JsonObject {
  const { ended, stage, hooks, firedAlarms } = deployment;
  const revision = (of: DeploymentRecord) => revisionArn(service, of, idNamesRevision);
  return jsonOf({
    serviceDeploymentArn: deploymentArn(service, deployment),
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    createdAt: deployment.createdAt / 1000,
    targetServiceRevision: { arn: revision(deployment) },
    status: statusOf(deployment),
    statusReason: ended?.because,
    lifecycleStage: stage,
    lifecycleHookDetails: [...hooks].map(([name, status]) =>
      service.hooks.some((hook) => hook.name === name && hook.isPause)
        ? { targetType: "PAUSE", status }
        : { targetType: "AWS_LAMBDA", targetArn: hookArn(service, name), status },
    ),
    ...(ended?.to === undefined
      ? {}
      : {
          rollback: {
            reason: ended.because,
            startedAt: (ended.at ?? ended.to.createdAt) / 1000,
            serviceRevisionArn: revision(ended.to),
          },
        }),
    ...(service.alarms === undefined
      ? {}
      : {
          alarms: {
            status: firedAlarms === undefined ? "MONITORING" : "TRIGGERED",
            alarmNames: [...service.alarms.names],
            triggeredAlarmNames: [...(firedAlarms ?? [])],
          },
        }),
  });
}

/** One of ListServiceDeployments. */
export function listedServiceDeployment(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  idNamesRevision: boolean,
): JsonObject {
  return {
    serviceDeploymentArn: deploymentArn(service, deployment),
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    createdAt: deployment.createdAt / 1000,
    targetServiceRevisionArn: revisionArn(service, deployment, idNamesRevision),
    status: statusOf(deployment),
  };
}

/** A service revision as DescribeServiceRevisions answers it: with the digests that ECS has pinned by now. */
export function describedServiceRevision(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  containers: readonly JsonObject[],
  idNamesRevision: boolean,
): JsonObject {
  return jsonOf({
    serviceRevisionArn: revisionArn(service, deployment, idNamesRevision),
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    taskDefinition: deployment.taskDefinition,
    createdAt: deployment.createdAt / 1000,
    containerImages: containers.map((container) =>
      jsonOf({
        containerName: container.name,
        image: container.image,
        imageDigest: deployment.resolved.get(String(container.name)),
      }),
    ),
  });
}

export function deploymentArn(service: ServiceRecord, { id }: DeploymentRecord): string {
  return `${service.arn.replace(":service/", ":service-deployment/")}/${id.replace("ecs-svc/", "")}`;
}

/** `service-revision/<cluster>/<service>/<id>`. @param idNamesRevision the id is the number of the deployment's own id */
export function revisionArn(
  service: ServiceRecord,
  { revisionId }: DeploymentRecord,
  idNamesRevision: boolean,
): string {
  const own = idNamesRevision ? revisionId : [...revisionId].reverse().join("");
  return `${service.arn.replace(":service/", ":service-revision/")}/${own}`;
}

/** As DescribeServices names it. */
export function hookArn({ arn }: ServiceRecord, name: string): string {
  const [, partition, , region, account] = arn.split(":");
  return `arn:${partition}:lambda:${region}:${account}:function:${name}`;
}

function statusOf({ ended, rolloutState, status, completedAt }: DeploymentRecord): string {
  if (ended?.to !== undefined)
    return ended.to.rolloutState === "COMPLETED" ? "ROLLBACK_SUCCESSFUL" : "ROLLBACK_IN_PROGRESS";
  if (ended === undefined && (rolloutState === "COMPLETED" || completedAt !== undefined)) return "SUCCESSFUL";
  return ended !== undefined || status !== "PRIMARY" ? "STOPPED" : "IN_PROGRESS";
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

/** Counts for a service: it runs, and it has not been told to stop. */
export function isRunning(task: TaskRecord): boolean {
  return task.lastStatus === "RUNNING" && task.desiredStatus === "RUNNING";
}

export function isPending(task: TaskRecord): boolean {
  return (
    (task.lastStatus === "PENDING" || task.lastStatus === "PROVISIONING") && task.desiredStatus === "RUNNING"
  );
}

function zoneOf(task: TaskRecord): string {
  const region = task.cluster.arn.split(":")[3] ?? "";
  return `${region}${"abc"[Number.parseInt(task.id[0] ?? "0", 16) % 3]}`;
}

/** As CodeDeploy names its deployments: `d-` and nine letters or digits, the same for the same deployment. */
export function codeDeploymentId({ id }: Pick<DeploymentRecord, "id">): string {
  return `d-${id.replace(/\D/g, "").slice(-9).padStart(9, "0")}`;
}
