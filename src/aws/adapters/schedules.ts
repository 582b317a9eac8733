/**
 * EventBridge rules and EventBridge Scheduler, as remediation asks for them: which target pins a revision, and moving it.
 *
 * Both replace a target as a whole, so a target goes back as the JSON that came, with one member changed: what this
 * SDK does not know is kept too.
 */

import {
  EventBridgeClient,
  ListEventBusesCommand,
  ListRuleNamesByTargetCommand,
  ListTagsForResourceCommand as ListTagsOfRule,
  ListTargetsByRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand as ListTagsOfGroup,
  SchedulerClient,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { getObject, getObjects, getString } from "../../ecs/json-fields.ts";
import { isOnRevision } from "../../ecs/schedule/ecs-target.ts";
import {
  matchesStartedBy,
  repointTarget,
  targetFamily,
  taskDefinitionOn,
} from "../../ecs/schedule/scheduled-target.ts";
import type { ScheduledTarget, Schedules } from "../../remediation/ports/schedules.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { callAws, toAwsErrorOfCode } from "../client/aws-error-codes.ts";
import { sendRawRest } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

/** More pages than any account's rules for one cluster, or schedules of one prefix, should take. */
const PAGES_MAX = 20;

/** What GetSchedule answers and UpdateSchedule does not take; the name is in its path. */
const SCHEDULE_OUTPUT_ONLY = ["Arn", "CreationDate", "LastModificationDate", "Name"];

/** ListSchedules by prefix takes 64 characters at most, and one at least. */
const PREFIX_LENGTH_MAX = 64;

type Query = Parameters<Schedules["targetsOf"]>[0];

export function createSchedules(settings: AwsSettings): Schedules {
  const events = new EventBridgeClient(clientConfiguration(settings));
  const scheduler = new SchedulerClient(clientConfiguration(settings));

  const targetsOfRule = async (bus: string, rule: string): Promise<readonly JsonObject[]> => {
    const command = new ListTargetsByRuleCommand({ Rule: rule, EventBusName: bus });
    const answer = await callAws("events:ListTargetsByRule", () =>
      sendRawRest(command, () => events.send(command)),
    );
    return getObjects(answer, "Targets");
  };

  const schedule = async (group: string, name: string): Promise<JsonObject> => {
    const command = new GetScheduleCommand({ Name: name, GroupName: group });
    return await callAws("scheduler:GetSchedule", () => sendRawRest(command, () => scheduler.send(command)));
  };

  const ruleTargets = async ({ clusterArn, family, schedule: signed }: Query) => {
    const found: ScheduledTarget[] = [];
    for (const bus of await busNames(events)) {
      for (const rule of await ruleNames(events, bus, clusterArn)) {
        if (!matchesStartedBy("events-rule", rule, signed)) continue;
        for (const target of await targetsOfRule(bus, rule)) {
          const taskDefinition = taskDefinitionOn(target, clusterArn);
          if (taskDefinition === undefined || targetFamily(taskDefinition) !== family) continue;
          found.push({ kind: "rule", bus, rule, targetId: getString(target, "Id") ?? "", taskDefinition });
        }
      }
    }
    return found;
  };

  const scheduleTargets = async ({ clusterArn, family, schedule: signed }: Query) => {
    const found: ScheduledTarget[] = [];
    for (const { group, name } of await scheduleNames(scheduler, clusterArn, signed)) {
      if (!matchesStartedBy("chronos-schedule", name, signed)) continue;
      const target = getObject(await schedule(group, name), "Target") ?? {};
      const taskDefinition = taskDefinitionOn(target, clusterArn);
      if (taskDefinition === undefined || targetFamily(taskDefinition) !== family) continue;
      found.push({ kind: "schedule", group, name, taskDefinition });
    }
    return found;
  };

  return {
    async targetsOf(query) {
      return [...(await ruleTargets(query)), ...(await scheduleTargets(query))];
    },

    async tagsOf(target, clusterArn) {
      const [, partition, , region, account] = clusterArn.split(":");
      const arnOf = (service: string, resource: string): string =>
        `arn:${partition}:${service}:${region}:${account}:${resource}`;
      if (target.kind === "rule") {
        const path = target.bus === "default" ? target.rule : `${target.bus}/${target.rule}`;
        const command = new ListTagsOfRule({ ResourceARN: arnOf("events", `rule/${path}`) });
        return tagRecord((await callAws("events:ListTagsForResource", () => events.send(command))).Tags);
      }
      const ResourceArn = arnOf("scheduler", `schedule-group/${target.group}`);
      const command = new ListTagsOfGroup({ ResourceArn });
      return tagRecord((await callAws("scheduler:ListTagsForResource", () => scheduler.send(command))).Tags);
    },

    async move(pinned, to) {
      const change = { from: pinned.taskDefinition, to };
      if (pinned.kind === "schedule") {
        const now = await schedule(pinned.group, pinned.name);
        const target = getObject(now, "Target") ?? {};
        const moved = repointTarget(target, change);
        if (moved === undefined) return isOnRevision(target, to) ? "already" : "changed";
        const kept = Object.entries(now).filter(([member]) => !SCHEDULE_OUTPUT_ONLY.includes(member));
        const command = new UpdateScheduleCommand({
          Name: pinned.name,
          ScheduleExpression: undefined,
          Target: undefined,
          FlexibleTimeWindow: undefined,
        });
        await callAws("scheduler:UpdateSchedule", () =>
          sendRawRest(command, () => scheduler.send(command), { ...Object.fromEntries(kept), Target: moved }),
        );
        return "moved";
      }
      const target = (await targetsOfRule(pinned.bus, pinned.rule)).find(({ Id }) => Id === pinned.targetId);
      const moved = target === undefined ? undefined : repointTarget(target, change);
      if (moved === undefined)
        return target !== undefined && isOnRevision(target, to) ? "already" : "changed";
      const command = new PutTargetsCommand({ Rule: pinned.rule, Targets: [] });
      const body = { Rule: pinned.rule, EventBusName: pinned.bus, Targets: [moved] };
      const action = "events:PutTargets";
      const answer = await callAws(action, () => sendRawRest(command, () => events.send(command), body));
      // A refused entry comes with HTTP 200.
      const [failed] = getObjects(answer, "FailedEntries");
      if (failed === undefined) return "moved";
      throw toAwsErrorOfCode(
        action,
        getString(failed, "ErrorCode") ?? "InternalFailure",
        getString(failed, "ErrorMessage") ?? "",
      );
    },
  };
}

function tagRecord(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] = [],
): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.flatMap(({ Key, Value = "" }) => (Key === undefined ? [] : [[Key, Value]])));
}

/** The buses of the account. */
export async function busNames(events: EventBridgeClient): Promise<readonly string[]> {
  const { EventBuses } = await callAws("events:ListEventBuses", () =>
    events.send(new ListEventBusesCommand({ Limit: 100 })),
  );
  return (EventBuses ?? []).flatMap(({ Name }) => Name ?? []);
}

/** The rules of a bus that have a target on this cluster. */
export async function ruleNames(
  events: EventBridgeClient,
  bus: string,
  clusterArn: string,
): Promise<readonly string[]> {
  const names: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const more = token === undefined ? {} : { NextToken: token };
    const listed = await callAws("events:ListRuleNamesByTarget", () =>
      events.send(new ListRuleNamesByTargetCommand({ TargetArn: clusterArn, EventBusName: bus, ...more })),
    );
    names.push(...(listed.RuleNames ?? []));
    token = listed.NextToken;
    if (!token) break;
  }
  return names;
}

async function scheduleNames(
  scheduler: SchedulerClient,
  clusterArn: string,
  signed: string,
): Promise<readonly { readonly group: string; readonly name: string }[]> {
  const names: { group: string; name: string }[] = [];
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const more = token === undefined ? {} : { NextToken: token };
    const listed = await callAws("scheduler:ListSchedules", () =>
      scheduler.send(new ListSchedulesCommand({ NamePrefix: signed.slice(0, PREFIX_LENGTH_MAX), ...more })),
    );
    for (const { Name, GroupName, Target } of listed.Schedules ?? []) {
      if (Name !== undefined && Target?.Arn === clusterArn)
        names.push({ group: GroupName ?? "default", name: Name });
    }
    token = listed.NextToken;
    if (!token) break;
  }
  return names;
}
