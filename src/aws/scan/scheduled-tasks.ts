/** Every target of EventBridge rules and of EventBridge Scheduler that runs tasks on a cluster. Reads only. */

import {
  DescribeRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
} from "@aws-sdk/client-eventbridge";
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { getObject, getObjects, getString, optional } from "../../ecs/json-fields.ts";
import { readEcsTarget } from "../../ecs/schedule/ecs-target.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { AccountInventory, ScheduledTask } from "../../scan/account-inventory.ts";
import { busNames, ruleNames } from "../adapters/schedules.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { sendRawRest } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

const SCHEDULES_AT_ONCE = 100;
const PAGES_MAX = 100;
/** EventBridge lets an account read some tens of rules a second. */
const AT_ONCE = 4;
const DEFAULT = "default";

export function createScheduledTasks(settings: AwsSettings): Pick<AccountInventory, "scheduledTasks"> {
  const events = new EventBridgeClient(clientConfiguration(settings));
  const scheduler = new SchedulerClient(clientConfiguration(settings));

  /** A rule may have targets on several clusters: it is read once. */
  const rulesOf = async (clusters: readonly string[]) => {
    const found = new Map<string, { readonly bus: string; readonly rule: string }>();
    for (const bus of await busNames(events))
      for (const cluster of clusters)
        for (const rule of await ruleNames(events, bus, cluster)) found.set(`${bus}/${rule}`, { bus, rule });
    return [...found.values()];
  };

  const runsOfRule = async (bus: string, rule: string): Promise<readonly ScheduledTask[]> => {
    const { ScheduleExpression, State } = await callAws("events:DescribeRule", () =>
      events.send(new DescribeRuleCommand({ Name: rule, EventBusName: bus })),
    );
    const command = new ListTargetsByRuleCommand({ Rule: rule, EventBusName: bus });
    const answer = await callAws("events:ListTargetsByRule", () =>
      sendRawRest(command, () => events.send(command)),
    );
    return getObjects(answer, "Targets").flatMap((target) => {
      const run = readEcsTarget(target);
      if (run === undefined) return [];
      return {
        ...run,
        kind: "rule" as const,
        name: bus === DEFAULT ? rule : `${bus}/${rule}`,
        isEnabled: State !== "DISABLED",
        ...optional("expression", ScheduleExpression || undefined),
      };
    });
  };

  const schedulesOn = async (clusters: ReadonlySet<string>) => {
    const found: { readonly group: string; readonly name: string }[] = [];
    let token: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const listed = await callAws("scheduler:ListSchedules", () =>
        scheduler.send(
          new ListSchedulesCommand({
            MaxResults: SCHEDULES_AT_ONCE,
            ...(token === undefined ? {} : { NextToken: token }),
          }),
        ),
      );
      for (const { Name, GroupName = DEFAULT, Target } of listed.Schedules ?? [])
        if (Name !== undefined && clusters.has(Target?.Arn ?? ""))
          found.push({ group: GroupName, name: Name });
      token = listed.NextToken;
      if (!token) break;
    }
    return found;
  };

  const runOfSchedule = async (group: string, name: string): Promise<ScheduledTask | undefined> => {
    const command = new GetScheduleCommand({ Name: name, GroupName: group });
    const answer = await callAws("scheduler:GetSchedule", () =>
      sendRawRest(command, () => scheduler.send(command)),
    );
    const run = readEcsTarget(getObject(answer, "Target") ?? {});
    return (
      run && {
        ...run,
        kind: "schedule",
        name: group === DEFAULT ? name : `${group}/${name}`,
        isEnabled: getString(answer, "State") !== "DISABLED",
        ...optional("expression", getString(answer, "ScheduleExpression")),
      }
    );
  };

  return {
    async scheduledTasks(clusterArns) {
      const clusters = new Set(clusterArns);
      const runs: ScheduledTask[] = [];
      await forEachConcurrently(await rulesOf(clusterArns), AT_ONCE, async ({ bus, rule }) => {
        runs.push(...(await runsOfRule(bus, rule)));
      });
      await forEachConcurrently(await schedulesOn(clusters), AT_ONCE, async ({ group, name }) => {
        const run = await runOfSchedule(group, name);
        if (run !== undefined) runs.push(run);
      });
      return runs.filter(({ clusterArn }) => clusters.has(clusterArn));
    },
  };
}
