/** The pattern of infra/diagnose.yaml under EventBridge's own engine: starts that failed of every kind, and not every stop. */

import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { matchedByRuler } from "../../support/aws/event-ruler.ts";
import { readTemplate } from "../../support/aws/template.ts";

const { Properties } = readTemplate({}, "diagnose.yaml").resources.FailedStartRule ?? {};
const pattern = (Properties as JsonObject).EventPattern as JsonObject;

const HOME = {
  version: "0",
  id: "1",
  source: "aws.ecs",
  account: "123456789012",
  region: "us-east-1",
  time: "2026-11-28T00:00:00Z",
  resources: [],
};
const task = (detail: JsonObject): JsonObject => ({
  ...HOME,
  "detail-type": "ECS Task State Change",
  detail: { clusterArn: "arn:aws:ecs:us-east-1:123456789012:cluster/prod", lastStatus: "STOPPED", ...detail },
});
const action = (eventName: string, kind = "ECS Service Action"): JsonObject => ({
  ...HOME,
  "detail-type": kind,
  detail: { eventType: "ERROR", eventName },
});
const container = (reason: string): JsonObject => ({ containers: [{ name: "a" }, { name: "b", reason }] });

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, JsonObject, boolean])[] = [
  ["a task that failed to start",             task({ stopCode: "TaskFailedToStart", stoppedReason: "ResourceInitializationError: x" }), true],
  ["a container that could not be pulled",    task({ stopCode: "TaskFailedToStart", ...container("CannotPullContainerError: x") }),     true],
  ["a container that could not be started",   task({ stopCode: "EssentialContainerExited", ...container("CannotStartContainerError: x") }), true],
  ["a container without enough memory",       task({ stopCode: "EssentialContainerExited", ...container("OutOfMemoryError: x") }),      true],
  ["a failed health check of the balancer",   task({ stopCode: "ServiceSchedulerInitiated", stoppedReason: "Task failed ELB health checks in (target-group x)" }), true],
  ["a failed health check of a container",    task({ stopCode: "ServiceSchedulerInitiated", stoppedReason: "Task failed container health checks" }), true],
  ["a task that could not be placed",         action("SERVICE_TASK_PLACEMENT_FAILURE"),                                                true],
  ["a role that could not be assumed",        action("SERVICE_TASK_CONFIGURATION_FAILURE"),                                            true],
  ["a service that starts no task",           action("SERVICE_TASK_START_IMPAIRED"),                                                   true],
  ["a deployment that failed",                action("SERVICE_DEPLOYMENT_FAILED", "ECS Deployment State Change"),                      true],
  ["a task that is on its way down",          task({ lastStatus: "DEPROVISIONING", stopCode: "TaskFailedToStart" }),                    false],
  ["a task that ended by itself",             task({ stopCode: "EssentialContainerExited", stoppedReason: "Essential container in task exited", containers: [{ name: "a", exitCode: 0 }] }), false],
  ["a task that a deployment replaced",       task({ stopCode: "ServiceSchedulerInitiated", stoppedReason: "Scaling activity initiated by (deployment ecs-svc/1)" }), false],
  ["a task that runs",                        task({ lastStatus: "RUNNING" }),                                                         false],
  ["a service that is steady",                action("SERVICE_STEADY_STATE"),                                                          false],
  ["a deployment that is done",               action("SERVICE_DEPLOYMENT_COMPLETED", "ECS Deployment State Change"),                   false],
  ["an event of another account",             { ...task({ stopCode: "TaskFailedToStart" }), account: "210987654321" },                 false],
];

describe("the rule for starts that failed", () => {
  const answers = matchedByRuler(
    pattern,
    table.map(([, event]) => event),
  );
  for (const [index, [what, , wanted]] of table.entries())
    test(`${wanted ? "takes" : "leaves"} ${what}`, () => expect(answers[index]).toBe(wanted));
});
