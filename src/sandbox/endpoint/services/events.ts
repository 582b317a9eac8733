/**
 * EventBridge: the default bus, the rules that run tasks, and those of an installed stack; and EventBridge Scheduler, whose schedules
 * are all in the group `default`.
 */

import {
  getObject,
  getObjects,
  getString,
  getStrings,
  isObject,
  optional,
} from "../../../ecs/json-fields.ts";
import type { Json, JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import type { SandboxSchedule } from "../../aws/schedules.ts";
import type { Account, Operations } from "../call.ts";
import { matchesPattern } from "../event-pattern.ts";
import { queueArn, queuesOf, rulesOfStack, type StackRule } from "../stack-parts.ts";

export const events: Operations = {
  PutEvents(input, { world }) {
    const entries = getObjects(input, "Entries").map((entry) => published(entry, world));
    return {
      FailedEntryCount: entries.filter(({ ErrorCode }) => ErrorCode !== undefined).length,
      Entries: entries,
    };
  },

  ListEventBuses: (_, { world: { home } }) => ({
    EventBuses: [
      {
        Name: "default",
        Arn: `arn:${home.partition}:events:${home.region}:${home.account}:event-bus/default`,
      },
    ],
  }),

  ListRules: (_, { world }) => ({
    Rules: rulesOf(world.schedules.all).map(({ name, expression, isEnabled = true }) => ({
      Name: name,
      State: isEnabled ? "ENABLED" : "DISABLED",
      ...(expression === undefined ? {} : { ScheduleExpression: expression }),
    })),
  }),

  ListRuleNamesByTarget: (input, account) => ({
    RuleNames: [
      ...rulesOf(account.world.schedules.all).filter(
        ({ target }) => target.Arn === getString(input, "TargetArn"),
      ),
      ...(getString(input, "TargetArn") === queueOf(account)?.Arn ? stackRules(account) : []),
    ].map(({ name }) => name),
  }),

  ListTargetsByRule(input, account) {
    const name = getString(input, "Rule");
    const target = stackRules(account).some((rule) => rule.name === name) ? queueOf(account) : undefined;
    const scheduled = rulesOf(account.world.schedules.all).filter((rule) => rule.name === name);
    return { Targets: [...scheduled.map((rule) => rule.target), ...(target === undefined ? [] : [target])] };
  },

  ListTagsForResource(input, { world }) {
    const name = getString(input, "ResourceARN")?.split("/").at(-1);
    return { Tags: tagList(rulesOf(world.schedules.all).filter((rule) => rule.name === name)) };
  },

  // A target with the same id is replaced: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
  PutTargets(input, { world }) {
    const name = getString(input, "Rule") ?? "";
    const rule = rulesOf(world.schedules.all).find((one) => one.name === name);
    if (rule === undefined)
      throw awsRefusal(
        "absent",
        "events:PutTargets",
        "ResourceNotFoundException",
        `Rule ${name} does not exist.`,
      );
    const target = getObjects(input, "Targets").find(({ Id }) => Id === rule.target.Id);
    if (target !== undefined) rule.target = target;
    return { FailedEntryCount: 0, FailedEntries: [] };
  },

  DescribeRule(input, account) {
    const rule = stackRules(account).find(({ name }) => name === getString(input, "Name"));
    if (rule === undefined)
      throw awsRefusal("absent", "events:DescribeRule", "ResourceNotFoundException", "Rule does not exist.");
    return { Name: rule.name, State: "ENABLED", EventPattern: JSON.stringify(rule.pattern) };
  },

  TestEventPattern: (input) => ({
    Result: matchesPattern(parsed(input, "EventPattern"), parsed(input, "Event")),
  }),
};

function stackRules({ stack, world }: Account): readonly StackRule[] {
  return stack === undefined ? [] : rulesOfStack(stack, world.home);
}

/** The queue that the stack's rules write into, as their target. */
function queueOf({ stack, world }: Account): JsonObject | undefined {
  const [failures, , undelivered] = queuesOf(stack).map(({ name }) => queueArn(name, world.home));
  if (failures === undefined || undelivered === undefined) return undefined;
  return { Id: "queue", Arn: failures, DeadLetterConfig: { Arn: undelivered } };
}

function parsed(input: JsonObject, member: string): JsonObject {
  try {
    const value = JSON.parse(getString(input, member) ?? "") as Json;
    if (isObject(value)) return value;
  } catch {}
  throw awsRefusal("invalid", "events:TestEventPattern", "ValidationException", `${member} is not valid.`);
}

function rulesOf<T extends { readonly kind: string }>(all: readonly T[]): readonly T[] {
  return all.filter(({ kind }) => kind === "rule");
}

function published(entry: JsonObject, { bus }: Account["world"]): JsonObject {
  const source = getString(entry, "Source");
  const type = getString(entry, "DetailType");
  let detail: JsonObject | undefined;
  try {
    detail = getObject({ detail: JSON.parse(getString(entry, "Detail") ?? "") }, "detail");
  } catch {
    detail = undefined;
  }
  if (detail === undefined) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  if (source === undefined || type === undefined)
    return { ErrorCode: "InvalidArgument", ErrorMessage: "Parameter Source or DetailType is not valid." };
  if (source.startsWith("aws."))
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  return { EventId: bus.emit({ source, type, resources: getStrings(entry, "Resources"), detail }) };
}

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
function tagList(tagged: readonly Pick<SandboxSchedule, "tags">[]): readonly JsonObject[] {
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
