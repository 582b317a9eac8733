/**
 * One deployment of a service as ECS keeps its story: how far it has come, what watched over it, what put an end to it.
 *
 * DescribeServices shows that one revision takes the place of another. Which stage that has reached, which alarm fired
 * and which hook refused: only this has it.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html (read 2026-11)
 */

import type { JsonObject } from "../../runtime/json.ts";
import { getObject, getObjects, getString, getStrings, optional } from "../json-fields.ts";

export type ServiceDeployment = {
  readonly arn: string;
  /** PENDING, IN_PROGRESS, SUCCESSFUL, STOP_REQUESTED, STOPPED, or one of ROLLBACK_…. */
  readonly status: string;
  /** The ARNs of the service revisions that ran when it began. */
  readonly sources: readonly string[];
  /** ECS's own words for the status. */
  readonly because?: string;
  /** From PRE_SCALE_UP to CLEAN_UP. */
  readonly stage?: string;
  /** Alarms that have fired since it began. */
  readonly firedAlarms: readonly string[];
  readonly hooks: readonly {
    /** The function's name; absent for a hook that waits for a person. */
    readonly function?: string;
    /** AWAITING_ACTION, IN_PROGRESS, SUCCEEDED, FAILED or TIMED_OUT. */
    readonly status: string;
  }[];
};

/** Stages in which the new tasks do not all run yet, and no traffic has moved. */
const BEFORE_TRAFFIC = ["RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP"];

/** Whether its tasks have all run, and lifecycle hooks or a traffic shift are in progress: this progress is worth keeping. */
export function isPastScaleUp({ status, stage }: ServiceDeployment): boolean {
  return status === "IN_PROGRESS" && stage !== undefined && !BEFORE_TRAFFIC.includes(stage);
}

/** Reads one of a DescribeServiceDeployments answer. */
export function readServiceDeployment(json: JsonObject): ServiceDeployment {
  return {
    arn: getString(json, "serviceDeploymentArn") ?? "",
    status: getString(json, "status") ?? "",
    sources: getObjects(json, "sourceServiceRevisions").flatMap((one) => getString(one, "arn") ?? []),
    ...optional(
      "because",
      getString(json, "statusReason") ?? getString(getObject(json, "rollback") ?? {}, "reason"),
    ),
    ...optional("stage", getString(json, "lifecycleStage")),
    firedAlarms: getStrings(getObject(json, "alarms") ?? {}, "triggeredAlarmNames"),
    hooks: getObjects(json, "lifecycleHookDetails").map((hook) => ({
      ...optional("function", getString(hook, "targetArn")?.replace(/^.*:function:/, "")),
      status: getString(hook, "status") ?? "",
    })),
  };
}
