/** The expression of every rule and schedule of a region that could start a container, directly or through another service. */

import { EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { getMoment, getObject, getString, optional } from "../../ecs/json-fields.ts";
import type { Read } from "../../network/facts.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { callAws } from "../client/aws-error-codes.ts";
import { sendRawRest } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { need, objectsIn, readable, wholeList } from "./whole-list.ts";

const AT_ONCE = 4;
/** Each costs a request. */
const SCHEDULES_MAX = 2_000;
/** Targets that carry messages, and run nothing themselves. */
const MESSAGES = /^arn:aws[a-z-]*:(?:sqs|sns|kinesis|firehose|logs):/;

export function readScheduleExpressions(settings: AwsSettings): Promise<Read<string>> {
  return readable("scheduler:ListSchedules", async () => [
    ...(await ofRules(new EventBridgeClient(clientConfiguration(settings)))),
    ...(await ofSchedules(new SchedulerClient(clientConfiguration(settings)))),
  ]);
}

/** Rules of the default bus: no other bus takes a schedule. */
async function ofRules(client: EventBridgeClient): Promise<readonly string[]> {
  const rules = await wholeList("events:ListRules", { list: "Rules", token: "NextToken" }, (NextToken) => {
    const command = new ListRulesCommand({ Limit: 100, ...optional("NextToken", NextToken) });
    return sendRawRest(command, () => client.send(command));
  });
  return objectsIn("events:ListRules", need(rules)).flatMap(
    (rule) => getString(rule, "ScheduleExpression") || [],
  );
}

async function ofSchedules(client: SchedulerClient): Promise<readonly string[]> {
  const listed = await wholeList(
    "scheduler:ListSchedules",
    { list: "Schedules", token: "NextToken" },
    (NextToken) => {
      const command = new ListSchedulesCommand({ MaxResults: 100, ...optional("NextToken", NextToken) });
      return sendRawRest(command, () => client.send(command));
    },
  );
  const schedules = objectsIn("scheduler:ListSchedules", need(listed)).filter(
    (one) => !MESSAGES.test(getString(getObject(one, "Target") ?? {}, "Arn") ?? ""),
  );
  const action = "scheduler:GetSchedule";
  if (schedules.length > SCHEDULES_MAX)
    throw new AwsError("unavailable", action, `more than ${SCHEDULES_MAX} schedules`);
  const found: string[] = [];
  await forEachConcurrently(schedules, AT_ONCE, async (one) => {
    const command = new GetScheduleCommand({
      Name: getString(one, "Name"),
      GroupName: getString(one, "GroupName"),
    });
    const answer = await callAws(action, () => sendRawRest(command, () => client.send(command)));
    // A schedule without an expression cannot be understood, and is not passed over.
    found.push(getString(answer, "ScheduleExpression") ?? "");
    // Until then it rests, however often it runs afterwards.
    if (answer.StartDate !== undefined && answer.StartDate !== null) found.push(atMoment(answer));
  });
  return found;
}

function atMoment(schedule: JsonObject): string {
  const start = getMoment(schedule, "StartDate");
  return start === undefined ? "" : `at(${new Date(start).toISOString().slice(0, 19)})`;
}
