/**
 * EventBridge rules and schedules of the sandbox: documents with a target, and the tasks that they start on a call.
 *
 * They have no clock of their own: a story says when one fires. What is looked at is whether its target is found, and
 * whether all but its revision is kept.
 */

import { getString } from "../../ecs/json-fields.ts";
import { isOnRevision } from "../../ecs/schedule/ecs-target.ts";
import {
  matchesStartedBy,
  repointTarget,
  targetFamily,
  taskDefinitionOn,
} from "../../ecs/schedule/scheduled-target.ts";
import type { ScheduledTarget, Schedules } from "../../remediation/ports/schedules.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { AwsFault } from "./faults/aws-fault.ts";

export type SandboxSchedule = {
  readonly kind: "rule" | "schedule";
  readonly name: string;
  /** As AWS keeps it: `Id`, `Arn`, `RoleArn`, `EcsParameters` and whatever else. */
  target: JsonObject;
  /** `rate(…)` or `cron(…)`; the sandbox fires nothing by itself. */
  readonly expression?: string;
  /** The rule's; the schedule's group's. */
  readonly tags?: Readonly<Record<string, string>>;
  /** True if absent. */
  readonly isEnabled?: boolean;
};

export type SandboxSchedules = {
  readonly port: Schedules;
  readonly all: readonly SandboxSchedule[];
  add(schedule: SandboxSchedule): void;
};

/** Rules and schedules, none at first. */
export function createSchedules(faults: AwsFault): SandboxSchedules {
  const all: SandboxSchedule[] = [];
  const find = (target: ScheduledTarget): SandboxSchedule | undefined =>
    all.find(({ kind, name }) => kind === target.kind && name === nameOf(target));
  return {
    all,
    add: (schedule) => void all.push(schedule),
    port: {
      async targetsOf({ clusterArn, family, schedule: signed }) {
        faults("events:ListTargetsByRule");
        faults("scheduler:GetSchedule");
        return all.flatMap(({ kind, name, target }): readonly ScheduledTarget[] => {
          const starter = kind === "rule" ? "events-rule" : "chronos-schedule";
          const taskDefinition = taskDefinitionOn(target, clusterArn);
          if (!matchesStartedBy(starter, name, signed) || taskDefinition === undefined) return [];
          if (targetFamily(taskDefinition) !== family) return [];
          return kind === "rule"
            ? [{ kind, bus: "default", rule: name, targetId: getString(target, "Id") ?? "", taskDefinition }]
            : [{ kind, group: "default", name, taskDefinition }];
        });
      },
      async tagsOf(target) {
        faults(target.kind === "rule" ? "events:ListTagsForResource" : "scheduler:ListTagsForResource");
        return find(target)?.tags ?? {};
      },
      async move(target, to) {
        faults(target.kind === "rule" ? "events:PutTargets" : "scheduler:UpdateSchedule");
        const found = find(target);
        if (found === undefined) return "changed";
        const moved = repointTarget(found.target, { from: target.taskDefinition, to });
        if (moved === undefined) return isOnRevision(found.target, to) ? "already" : "changed";
        found.target = moved;
        return "moved";
      },
    },
  };
}

function nameOf(target: ScheduledTarget): string {
  return target.kind === "rule" ? target.rule : target.name;
}
