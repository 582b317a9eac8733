/**
 * A task in the two shapes that ECS sends: the API's answer, and the `detail` of an event on the bus.
 *
 * Shapes as captured from real accounts (events of 2019 to 2024, DescribeTasks of 2024): times are ISO texts
 * in events and seconds since the epoch in the API, and a container that never ran has no digest or runtime id.
 */

import { getString } from "../../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import { jsonOf, type TaskRecord } from "../state.ts";

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

/** Counts for a service: it runs, and it is not stopping. */
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
