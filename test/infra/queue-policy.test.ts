/** Who may put what into the queues: no principal forges an event of ECS, whatever its own rights are. */

import { describe, expect, test } from "vitest";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { isAllowed } from "../support/aws/resource-policy.ts";
import { readTemplate } from "../support/aws/template.ts";

const { resources } = readTemplate({ NotifyEmail: "ops@example.com" });
const statements = Object.values(resources).flatMap(({ Type, Properties }) =>
  Type === "AWS::SQS::QueuePolicy"
    ? getObjects((Properties as JsonObject).PolicyDocument as JsonObject, "Statement")
    : [],
);
const ADMIN = "arn:aws:iam::123456789012:role/admin";
const EVENTS = "events.amazonaws.com";

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, action: string, queue: string, by: string, source: string | undefined, secure: string, boolean])[] = [
  ["the rule for ECS sends to the queue",               "SendMessage",    "PullFailureQueue", EVENTS, "PullFailureRule.Arn", "true",  true],
  ["the doctor's rule sends to the queue",              "SendMessage",    "PullFailureQueue", EVENTS, "ProbeRule.Arn",       "true",  true],
  ["another rule does not",                             "SendMessage",    "PullFailureQueue", EVENTS, "arn:aws:events:us-east-1:123456789012:rule/other", "true", false],
  ["the rule for outcomes does not",                    "SendMessage",    "PullFailureQueue", EVENTS, "OutcomeRule.Arn",     "true",  false],
  ["an administrator does not either",                  "SendMessage",    "PullFailureQueue", ADMIN,  undefined,             "true",  false],
  ["an administrator does not with the source of another rule", "SendMessage",    "PullFailureQueue", ADMIN,  "arn:aws:events:us-east-1:123456789012:rule/other", "true", false],
  ["detect reads the queue by its own right",           "ReceiveMessage", "PullFailureQueue", ADMIN,  undefined,             "true",  true],
  ["detect does not read it in the clear",              "ReceiveMessage", "PullFailureQueue", ADMIN,  undefined,             "false", false],
  ["what a rule could not deliver is kept",             "SendMessage",    "UndeliveredQueue", EVENTS, "PullFailureRule.Arn", "true",  true],
  ["an outcome that the topic did not take is kept",    "SendMessage",    "UndeliveredQueue", EVENTS, "OutcomeRule.Arn",     "true",  true],
  ["an administrator cannot raise that alarm",          "SendMessage",    "UndeliveredQueue", ADMIN,  undefined,             "true",  false],
  ["detect puts aside by its own right",                "SendMessage",    "UnhandledQueue",   ADMIN,  undefined,             "true",  true],
];
describe("the queues", () => {
  for (const [title, action, queue, by, source, secure, expected] of table) {
    test(title, () => {
      const context = {
        "aws:SecureTransport": secure,
        ...(source === undefined ? {} : { "aws:SourceArn": source }),
      };
      const request = { action: `sqs:${action}`, resource: `${queue}.Arn`, by, context };
      expect(isAllowed(statements, request)).toBe(expected);
    });
  }
});
