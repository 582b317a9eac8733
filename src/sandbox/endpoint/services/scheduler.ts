/** EventBridge Scheduler: the schedules of the world, all in the group `default`, each with a target that can be replaced. */

import { getObject, getString, optional } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import type { SandboxSchedule } from "../../aws/schedules.ts";
import type { Account, Operations } from "../call.ts";

const GROUP = "default";

export const scheduler: Operations = {
  ListSchedules: (input, { world }) => ({
    Schedules: schedulesOf(world)
      .filter(({ name }) => name.startsWith(getString(input, "NamePrefix") ?? ""))
      .map(({ name, target, isEnabled = true }) => ({
        Name: name,
        GroupName: GROUP,
        State: stateOf(isEnabled),
        Target: { Arn: target.Arn ?? "" },
      })),
  }),

  GetSchedule(input, { world }) {
    const found = scheduleIn(input, world, "scheduler:GetSchedule");
    return {
      Name: found.name,
      GroupName: GROUP,
      State: stateOf(found.isEnabled ?? true),
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: found.target,
      ...optional("ScheduleExpression", found.expression),
    };
  },

  // It replaces a schedule as a whole: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
  UpdateSchedule(input, { world }) {
    const action = "scheduler:UpdateSchedule";
    const found = scheduleIn(input, world, action);
    const target = getObject(input, "Target");
    if (target === undefined || getObject(input, "FlexibleTimeWindow") === undefined)
      throw awsRefusal("invalid", action, "ValidationException", "Target and FlexibleTimeWindow are wanted.");
    found.target = target;
    const { region, account, partition } = world.home;
    return { ScheduleArn: `arn:${partition}:scheduler:${region}:${account}:schedule/${GROUP}/${found.name}` };
  },

  /** Of a group: a schedule has no tags of its own. */
  ListTagsForResource: (_, { world }) => ({ Tags: tagList(schedulesOf(world)) }),
};

/** Tags as AWS lists them, of all of these. */
export function tagList(tagged: readonly Pick<SandboxSchedule, "tags">[]): readonly JsonObject[] {
  return tagged.flatMap(({ tags = {} }) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value })));
}

function schedulesOf({ schedules }: Account["world"]): readonly SandboxSchedule[] {
  return schedules.all.filter(({ kind }) => kind === "schedule");
}

/** Throws what AWS answers for a schedule that is not there. */
function scheduleIn(input: JsonObject, world: Account["world"], action: string): SandboxSchedule {
  const name = getString(input, "Name") ?? "";
  const found = schedulesOf(world).find((one) => one.name === name);
  if (found !== undefined) return found;
  throw awsRefusal("absent", action, "ResourceNotFoundException", `Schedule ${name} does not exist.`);
}

function stateOf(isEnabled: boolean): string {
  return isEnabled ? "ENABLED" : "DISABLED";
}
