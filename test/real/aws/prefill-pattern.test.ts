/** The patterns of infra/prefill.yaml under EventBridge's own engine: deployments that begin, revisions that are registered. */

import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { matchedByRuler } from "../../support/aws/event-ruler.ts";
import { readTemplate } from "../../support/aws/template.ts";

const HOME = {
  version: "0",
  id: "1",
  source: "aws.ecs",
  account: "123456789012",
  region: "us-east-1",
  time: "2026-11-28T00:00:00Z",
};
const arn = (resource: string) => `arn:aws:ecs:us-east-1:123456789012:${resource}`;
const deployment = (eventName: string, service = "service/prod-1/web"): JsonObject => ({
  ...HOME,
  "detail-type": "ECS Deployment State Change",
  resources: [arn(service)],
  detail: { eventType: "INFO", eventName, deploymentId: "ecs-svc/1" },
});
const call = (eventName: string, more: JsonObject = {}): JsonObject => ({
  ...HOME,
  "detail-type": "AWS API Call via CloudTrail",
  resources: [],
  detail: {
    eventSource: "ecs.amazonaws.com",
    eventName,
    requestParameters: { family: "web" },
    responseElements: { taskDefinition: { taskDefinitionArn: arn("task-definition/web:1") } },
    ...more,
  },
});
const BEGUN = "SERVICE_DEPLOYMENT_IN_PROGRESS";

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, JsonObject, rule: string | undefined])[] = [
  ["a deployment that begins",                 deployment(BEGUN),                                      "NewDeploymentRule"],
  ["a deployment that is complete",            deployment("SERVICE_DEPLOYMENT_COMPLETED"),             undefined],
  ["a deployment that has failed",             deployment("SERVICE_DEPLOYMENT_FAILED"),                undefined],
  ["a deployment of another cluster",          deployment(BEGUN, "service/stage/web"),                 undefined],
  ["a deployment of another account",          { ...deployment(BEGUN), account: "210987654321" },      undefined],
  ["a deployment that another source reports", { ...deployment(BEGUN), source: "repull.doctor" },     undefined],
  ["a registration",                           call("RegisterTaskDefinition"),                         "NewRevisionRule"],
  ["a registration that was refused",          call("RegisterTaskDefinition", { errorCode: "AccessDenied", responseElements: null }), undefined],
  ["a deregistration",                         call("DeregisterTaskDefinition"),                       undefined],
  ["a call of another service of that name",   call("RegisterTaskDefinition", { eventSource: "x.amazonaws.com" }), undefined],
  ["a registration in another region",         { ...call("RegisterTaskDefinition"), region: "eu-west-1" }, undefined],
];

const { resources } = readTemplate({ ClusterPattern: "prod-*" }, "prefill.yaml");
for (const rule of ["NewDeploymentRule", "NewRevisionRule"])
  describe(rule, () => {
    const { EventPattern } = (resources[rule]?.Properties ?? {}) as JsonObject;
    const answers = matchedByRuler(
      EventPattern as JsonObject,
      table.map(([, event]) => event),
    );
    for (const [index, [what, , wanted]] of table.entries())
      test(`${wanted === rule ? "takes" : "leaves"} ${what}`, () =>
        expect(answers[index]).toBe(wanted === rule));
  });
