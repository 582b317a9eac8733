/** A task of the past, made from what a recorded event says of it: DescribeTasks shows it like any other. */

import { numberIn, objectIn, objectsIn, present, textIn } from "../../ecs/json-fields.ts";
import { isDigest } from "../../image/digest.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { ClusterRecord, ContainerRecord, StopCode, Surroundings, TaskRecord } from "./state.ts";

/** Every member is optional in the wild, so each has a default. */
export function recalledTask(detail: JsonObject, cluster: ClusterRecord, world: Surroundings): TaskRecord {
  const { definitions, clock } = world;
  const arn = textIn(detail, "taskArn") ?? "";
  const group = textIn(detail, "group") ?? "";
  const startedBy = textIn(detail, "startedBy");
  const service = group.startsWith("service:")
    ? cluster.services.get(group.slice("service:".length))
    : undefined;
  const definition = definitions.describe(textIn(detail, "taskDefinitionArn") ?? "")?.taskDefinition ?? {};
  const now = clock.now();
  return {
    cluster,
    service,
    deployment: service?.deployments.find(({ id }) => id === startedBy),
    id: arn.slice(arn.lastIndexOf("/") + 1),
    arn,
    definition,
    launchType: textIn(detail, "launchType") === "EC2" ? "EC2" : "FARGATE",
    platformVersion: textIn(detail, "platformVersion"),
    platform: { os: "linux", architecture: architectureOf(detail) },
    group,
    startedBy,
    overrides: objectIn(detail, "overrides") ?? {},
    attachment: objectsIn(detail, "attachments")[0],
    createdAt: timeIn(detail, "createdAt") ?? now,
    containers: objectsIn(detail, "containers").map((container) => recalledContainer(container, definition)),
    lastStatus: "STOPPED",
    desiredStatus: "STOPPED",
    version: numberIn(detail, "version") ?? 1,
    updatedAt: timeIn(detail, "updatedAt") ?? now,
    // The world has just begun: what the event calls its past must not be too old to be shown.
    stoppedAt: now,
    ...present("stopCode", textIn(detail, "stopCode") as StopCode | undefined),
    ...present("stoppedReason", textIn(detail, "stoppedReason")),
  };
}

function recalledContainer(json: JsonObject, definition: JsonObject): ContainerRecord {
  const name = textIn(json, "name") ?? "";
  const declared =
    objectsIn(definition, "containerDefinitions").find((container) => container.name === name) ?? {};
  const digest = textIn(json, "imageDigest");
  return {
    arn: textIn(json, "containerArn") ?? "",
    name,
    image: textIn(json, "image") ?? textIn(declared, "image") ?? "",
    definition: declared,
    lastStatus: "STOPPED",
    ...(isDigest(digest) ? { imageDigest: digest } : {}),
    ...present("exitCode", numberIn(json, "exitCode")),
    ...present("reason", textIn(json, "reason")),
  };
}

function architectureOf(detail: JsonObject): "amd64" | "arm64" {
  const attribute = objectsIn(detail, "attributes").find(({ name }) => name === "ecs.cpu-architecture");
  return attribute?.value === "arm64" ? "arm64" : "amd64";
}

function timeIn(json: JsonObject, member: string): number | undefined {
  const time = Date.parse(textIn(json, member) ?? "");
  return Number.isNaN(time) ? undefined : time;
}
