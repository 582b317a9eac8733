/** A task as ECS describes it, reduced to what remediation decides on. */

import type { JsonObject } from "../../runtime/json.ts";
import { getMoment, getNumber, getObjects, getString, optional } from "../json-fields.ts";

type TaskContainer = {
  readonly name: string;
  readonly image?: string;
  /** What ECS resolved the image to; the index's digest for multi-platform images. */
  readonly imageDigest?: string;
  readonly lastStatus?: string;
  readonly reason?: string;
  readonly exitCode?: number;
};

export type Task = {
  readonly arn: string;
  readonly taskDefinitionArn: string;
  readonly group?: string;
  readonly startedBy?: string;
  readonly lastStatus?: string;
  readonly stopCode?: string;
  readonly stoppedReason?: string;
  readonly launchType?: string;
  /** The `ecs.cpu-architecture` attribute: x86_64 or arm64. */
  readonly architecture?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  readonly containers: readonly TaskContainer[];
};

/** Reads one task of a DescribeTasks answer; what is missing or odd is left out. */
export function readTask(json: JsonObject): Task {
  const architecture = getObjects(json, "attributes").find(({ name }) => name === "ecs.cpu-architecture");
  return {
    arn: getString(json, "taskArn") ?? "",
    taskDefinitionArn: getString(json, "taskDefinitionArn") ?? "",
    ...optional("group", getString(json, "group")),
    ...optional("startedBy", getString(json, "startedBy")),
    ...optional("lastStatus", getString(json, "lastStatus")),
    ...optional("stopCode", getString(json, "stopCode")),
    ...optional("stoppedReason", getString(json, "stoppedReason")),
    ...optional("launchType", getString(json, "launchType")),
    ...optional("architecture", architecture === undefined ? undefined : getString(architecture, "value")),
    ...optional("createdAt", getMoment(json, "createdAt")),
    containers: getObjects(json, "containers").map(readContainer),
  };
}

function readContainer(json: JsonObject): TaskContainer {
  return {
    name: getString(json, "name") ?? "",
    ...optional("image", getString(json, "image")),
    ...optional("imageDigest", getString(json, "imageDigest")),
    ...optional("lastStatus", getString(json, "lastStatus")),
    ...optional("reason", getString(json, "reason")),
    ...optional("exitCode", getNumber(json, "exitCode")),
  };
}
