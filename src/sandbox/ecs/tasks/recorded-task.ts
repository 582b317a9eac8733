/** A task of the past, made from what a recorded event says of it: DescribeTasks shows it like any other. */

import { getNumber, getObject, getObjects, getString, optional } from "../../../ecs/json-fields.ts";
import { isDigest } from "../../../image/digest.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { ClusterRecord, ContainerRecord, EcsEnvironment, StopCode, TaskRecord } from "../state.ts";

/** Every member is optional in the wild, so each has a default. */
export function recordedTask(detail: JsonObject, cluster: ClusterRecord, world: EcsEnvironment): TaskRecord {
  const { definitions, clock } = world;
  const arn = getString(detail, "taskArn") ?? "";
  const group = getString(detail, "group") ?? "";
  const startedBy = getString(detail, "startedBy");
  const service = group.startsWith("service:")
    ? cluster.services.get(group.slice("service:".length))
    : undefined;
  const definition = definitions.describe(getString(detail, "taskDefinitionArn") ?? "")?.taskDefinition ?? {};
  const now = clock.now();
  return {
    cluster,
    service,
    deployment: service?.deployments.find(({ id }) => id === startedBy),
    id: arn.slice(arn.lastIndexOf("/") + 1),
    arn,
    definition,
    launchType: getString(detail, "launchType") === "EC2" ? "EC2" : "FARGATE",
    platformVersion: getString(detail, "platformVersion"),
    platform: { os: "linux", architecture: architectureOf(detail) },
    group,
    startedBy,
    overrides: getObject(detail, "overrides") ?? {},
    attachment: getObjects(detail, "attachments")[0],
    createdAt: timeIn(detail, "createdAt") ?? now,
    containers: getObjects(detail, "containers").map((container) => recordedContainer(container, definition)),
    lastStatus: "STOPPED",
    desiredStatus: "STOPPED",
    version: getNumber(detail, "version") ?? 1,
    updatedAt: timeIn(detail, "updatedAt") ?? now,
    // The world has just begun: what the event calls its past must not be too old to be shown.
    stoppedAt: now,
    ...optional("stopCode", getString(detail, "stopCode") as StopCode | undefined),
    ...optional("stoppedReason", getString(detail, "stoppedReason")),
  };
}

function recordedContainer(json: JsonObject, definition: JsonObject): ContainerRecord {
  const name = getString(json, "name") ?? "";
  const declared =
    getObjects(definition, "containerDefinitions").find((container) => container.name === name) ?? {};
  const digest = getString(json, "imageDigest");
  return {
    arn: getString(json, "containerArn") ?? "",
    name,
    image: getString(json, "image") ?? getString(declared, "image") ?? "",
    definition: declared,
    lastStatus: "STOPPED",
    ...(isDigest(digest) ? { imageDigest: digest } : {}),
    ...optional("exitCode", getNumber(json, "exitCode")),
    ...optional("reason", getString(json, "reason")),
  };
}

function architectureOf(detail: JsonObject): "amd64" | "arm64" {
  const attribute = getObjects(detail, "attributes").find(({ name }) => name === "ecs.cpu-architecture");
  return attribute?.value === "arm64" ? "arm64" : "amd64";
}

function timeIn(json: JsonObject, member: string): number | undefined {
  const time = Date.parse(getString(json, member) ?? "");
  return Number.isNaN(time) ? undefined : time;
}
