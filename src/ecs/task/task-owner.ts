/**
 * Who started a task, and so what has to change for its next start to succeed.
 *
 * ECS writes it in two places: `group` (`service:web`, `family:web`, or whatever a caller of RunTask chose) and
 * `startedBy` (`ecs-svc/<deployment>`, `chronos-schedule/<name>` cut at 36 characters, or a caller's text).
 */

import { parseArn } from "../arn.ts";

export type TaskOwner =
  | {
      readonly kind: "service";
      readonly cluster: string;
      readonly service: string;
      readonly deploymentId?: string;
    }
  | { readonly kind: "standalone"; readonly cluster: string; readonly family: string }
  | {
      readonly kind: "scheduled";
      readonly cluster: string;
      readonly family: string;
      readonly schedule: string;
    };

export type TaskStart = {
  readonly group?: string | undefined;
  readonly startedBy?: string | undefined;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
};

const SERVICE_GROUP = "service:";
const BY_SERVICE = "ecs-svc/";
/** EventBridge Scheduler and EventBridge rules, as they sign the tasks that they start. */
const BY_SCHEDULE = /^(?:chronos-schedule|events-rule)\/(.+)$/;

/** Who started the task. A caller's own text that merely looks like a service's name makes no service. */
export function taskOwnerOf({
  group,
  startedBy: starter,
  clusterArn,
  taskDefinitionArn,
}: TaskStart): TaskOwner {
  const startedBy = starter?.trim();
  const cluster = clusterNamed(clusterArn);
  const service = group?.startsWith(SERVICE_GROUP) ? group.slice(SERVICE_GROUP.length) : "";
  const byService = startedBy?.startsWith(BY_SERVICE) ?? false;
  if (service !== "" && (byService || !startedBy)) {
    return {
      kind: "service",
      cluster,
      service,
      ...(byService && startedBy ? { deploymentId: startedBy } : {}),
    };
  }
  const family = familyNamed(taskDefinitionArn);
  const schedule = BY_SCHEDULE.exec(startedBy ?? "")?.[1];
  return schedule === undefined
    ? { kind: "standalone", cluster, family }
    : { kind: "scheduled", cluster, family, schedule };
}

function clusterNamed(clusterArn: string): string {
  return (parseArn(clusterArn)?.resource ?? clusterArn).replace(/^cluster\//, "");
}

function familyNamed(taskDefinitionArn: string): string {
  const name = (parseArn(taskDefinitionArn)?.resource ?? taskDefinitionArn).replace(/^task-definition\//, "");
  return name.replace(/:\d+$/, "");
}
