/**
 * The target of an EventBridge rule or of a schedule that runs a task, carried as the JSON that AWS sent.
 *
 *     { Id, Arn: <the cluster>, RoleArn, EcsParameters: { TaskDefinitionArn, LaunchType, NetworkConfiguration, … }, … }
 *
 * A target that names a family without a revision follows the family's newest one by itself; one that pins a revision
 * runs that one for ever. Only the pin is ever changed.
 */

import type { JsonObject } from "../../runtime/json.ts";
import { parseRevision, sameRevision } from "../arn.ts";
import { getObject, getString } from "../json-fields.ts";

/** The task definition that a target runs on this cluster, as it is written; undefined for targets of another kind. */
export function taskDefinitionOn(target: JsonObject, clusterArn: string): string | undefined {
  if (getString(target, "Arn") !== clusterArn) return undefined;
  return getString(getObject(target, "EcsParameters") ?? {}, "TaskDefinitionArn");
}

/** The family that a target's task definition names, with a revision or without. */
export function targetFamily(taskDefinition: string): string {
  const name = taskDefinition.slice(taskDefinition.lastIndexOf("/") + 1);
  return name.replace(/:[0-9]+$/, "");
}

export function isPinned(taskDefinition: string): boolean {
  return parseRevision(taskDefinition) !== undefined;
}

/** The target on another revision; undefined where it does not pin `from` any more. All else is kept. */
export function repointTarget(
  target: JsonObject,
  { from, to }: { readonly from: string; readonly to: string },
): JsonObject | undefined {
  const parameters = getObject(target, "EcsParameters");
  const current = getString(parameters ?? {}, "TaskDefinitionArn");
  if (parameters === undefined || current === undefined || !sameRevision(current, from)) return undefined;
  return { ...target, EcsParameters: { ...parameters, TaskDefinitionArn: to } };
}

/** ECS keeps 36 characters of `startedBy`. */
const STARTED_BY_LENGTH_MAX = 36;

/** Whether a starter of this whole name may have signed a task so: `startedBy` is cut, and with it the name. */
export function matchesStartedBy(
  starter: "chronos-schedule" | "events-rule",
  name: string,
  signed: string,
): boolean {
  return (
    `${starter}/${name}`.slice(0, STARTED_BY_LENGTH_MAX) ===
    `${starter}/${signed}`.slice(0, STARTED_BY_LENGTH_MAX)
  );
}
