/** Events of new revisions: those that name one, those that do not, and those that nothing can be read from. */

import { describe, expect, test } from "vitest";
import { readNewRevision } from "../../../src/prevention/prefill/read-new-revision.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const HOME = { account: "123456789012", region: "us-east-1" };
const SERVICE = "arn:aws:ecs:us-east-1:123456789012:service/prod/web";
const REVISION = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:42";

const event = (type: string, detail: unknown, more: JsonObject = {}): JsonObject => ({
  version: "0",
  id: "1",
  source: "aws.ecs",
  "detail-type": type,
  ...HOME,
  time: "2026-11-28T10:00:00Z",
  resources: [],
  detail: detail as JsonObject,
  ...more,
});
const deployment = (detail: JsonObject = {}, more: JsonObject = {}): JsonObject =>
  event(
    "ECS Deployment State Change",
    {
      eventType: "INFO",
      eventName: "SERVICE_DEPLOYMENT_IN_PROGRESS",
      deploymentId: "ecs-svc/123",
      reason: "ECS deployment ecs-svc/123 in progress.",
      ...detail,
    },
    { resources: [SERVICE], ...more },
  );
const call = (detail: JsonObject = {}, more: JsonObject = {}): JsonObject =>
  event(
    "AWS API Call via CloudTrail",
    {
      eventSource: "ecs.amazonaws.com",
      eventName: "RegisterTaskDefinition",
      requestParameters: { family: "web", containerDefinitions: [{ name: "web", image: "nginx:1.27" }] },
      responseElements: { taskDefinition: { taskDefinitionArn: REVISION } },
      ...detail,
    },
    more,
  );

const DEPLOYMENT = { kind: "deployment", cluster: "prod", service: "web", deployment: "ecs-svc/123" };
const REGISTRATION = { kind: "registration", taskDefinitionArn: REVISION };
const elsewhere = (arn: string) => arn.replace("123456789012", "210987654321");

describe("an event of a new revision", () => {
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, JsonObject, object | undefined]>([
    ["a deployment that has begun",                  deployment(),                                                                    DEPLOYMENT],
    ["a registration",                               call(),                                                                          REGISTRATION],
    ["a registration with members that are unknown", call({ tlsDetails: { tlsVersion: "TLSv1.3" }, sharedEventID: null }),             REGISTRATION],
    ["a deployment that is complete",                deployment({ eventName: "SERVICE_DEPLOYMENT_COMPLETED" }),                       undefined],
    ["a call that failed",                           call({ errorCode: "AccessDenied", responseElements: null }),                     undefined],
    ["another call",                                 call({ eventName: "DeregisterTaskDefinition" }),                                 undefined],
    ["a call of another service",                    call({ eventSource: "batch.amazonaws.com" }),                                    undefined],
    ["an event of another account",                  deployment({}, { account: "210987654321" }),                                     undefined],
    ["an event of another region",                   call({}, { region: "eu-west-1" }),                                               undefined],
    ["an event without an account",                  deployment({}, { account: null }),                                               undefined],
    ["another account's service in our event",       deployment({}, { resources: [elsewhere(SERVICE)] }),                             undefined],
    ["another account's revision in our event",      call({ responseElements: { taskDefinition: { taskDefinitionArn: elsewhere(REVISION) } } }), undefined],
    ["a service without its cluster's name",         deployment({}, { resources: ["arn:aws:ecs:us-east-1:123456789012:service/web"] }), undefined],
    ["an event that another source forges",          deployment({}, { source: "repull.doctor" }),                                     undefined],
    ["a task's event",                               event("ECS Task State Change", {}),                                              undefined],
  ])("of %s is read as what it names", (_what, document, told) => {
    expect(readNewRevision(document, HOME)).toEqual(told);
  });

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, unknown, string]>([
    ["nothing",                         undefined,                                       ""],
    ["a text",                          "{",                                             ""],
    ["no detail",                       { ...deployment(), detail: null },               "detail"],
    ["a detail that is a list",         { ...call(), detail: [] },                       "detail"],
    ["no service",                      deployment({}, { resources: [] }),               "resources[0]"],
    ["a task in place of a service",    deployment({}, { resources: [SERVICE.replace("service", "task")] }), "resources[0]"],
    ["no deployment",                   deployment({ deploymentId: null }),              "detail.deploymentId"],
    ["no answer",                       call({ responseElements: null }),                "detail.responseElements.taskDefinition.taskDefinitionArn"],
    ["an answer that is cut off",       call({ responseElements: { taskDefinition: { taskDefinitionArn: REVISION.slice(0, -3) } } }), "detail.responseElements.taskDefinition.taskDefinitionArn"],
  ])("with %s is refused with the place that is wrong", (_what, document, path) => {
    expect(() => readNewRevision(document, HOME)).toThrow(expect.objectContaining({ name: "InvalidInput", path }));
  });
});
