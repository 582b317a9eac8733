/** A task as ECS describes it, reduced to what remediation decides on. */

import type { JsonObject } from "../../runtime/json.ts";
import { momentIn, numberIn, objectsIn, present, textIn } from "../json-fields.ts";

export type TaskContainer = {
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
  const architecture = objectsIn(json, "attributes").find(({ name }) => name === "ecs.cpu-architecture");
  return {
    arn: textIn(json, "taskArn") ?? "",
    taskDefinitionArn: textIn(json, "taskDefinitionArn") ?? "",
    ...present("group", textIn(json, "group")),
    ...present("startedBy", textIn(json, "startedBy")),
    ...present("lastStatus", textIn(json, "lastStatus")),
    ...present("stopCode", textIn(json, "stopCode")),
    ...present("stoppedReason", textIn(json, "stoppedReason")),
    ...present("launchType", textIn(json, "launchType")),
    ...present("architecture", architecture === undefined ? undefined : textIn(architecture, "value")),
    ...present("createdAt", momentIn(json, "createdAt")),
    containers: objectsIn(json, "containers").map(readContainer),
  };
}

function readContainer(json: JsonObject): TaskContainer {
  return {
    name: textIn(json, "name") ?? "",
    ...present("image", textIn(json, "image")),
    ...present("imageDigest", textIn(json, "imageDigest")),
    ...present("lastStatus", textIn(json, "lastStatus")),
    ...present("reason", textIn(json, "reason")),
    ...present("exitCode", numberIn(json, "exitCode")),
  };
}
