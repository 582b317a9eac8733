/** What a stack that only observes can do to anything: every right that is not one to read, listed. */

import { describe, expect, test } from "vitest";
import { EVERYTHING, FUNCTIONS, type Name, statementsOf } from "../support/aws/role-statements.ts";

const READS = /^[a-z0-9-]+:(?:BatchCheck|BatchGet|Describe|Get|List|Simulate|Validate)[A-Z]/;

/** To its own logs, queues, executions and bus; and Lambda's, in the operator's VPC. Nothing else is written to. */
// biome-ignore format: a table is read by its columns
const OWN: Readonly<Record<Name, readonly string[]>> = {
  detect:    ["lambda:InvokeFunction", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"],
  remediate: ["events:PutEvents", "lambda:CheckpointDurableExecution"],
  mirror:    ["lambda:CheckpointDurableExecution"],
};
const EACH = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:UnassignPrivateIpAddresses",
  "kms:Decrypt",
  "kms:GenerateDataKey",
  "logs:CreateLogStream",
  "logs:PutLogEvents",
  "sqs:SendMessage",
];

/** Rights of a function that are not rights to read. */
const writesOf = (name: Name, parameters: Readonly<Record<string, string>>): readonly string[] =>
  [...new Set(statementsOf(name, parameters).flatMap(({ actions }) => actions))]
    .filter((action) => !READS.test(action))
    .toSorted();

describe("a stack in the mode observe, with every other parameter set", () => {
  for (const name of FUNCTIONS) {
    test(`${name} can write to what is the stack's own, and to nothing else`, () =>
      expect(writesOf(name, { ...EVERYTHING, Mode: "observe" })).toEqual([...EACH, ...OWN[name]].toSorted()));
  }
  test("remediate reads all that it reads where it may write, so that a plan is the plan", () => {
    const reads = (Mode: string) =>
      new Set(
        statementsOf("remediate", { ...EVERYTHING, Mode })
          .flatMap(({ actions }) => actions)
          .filter((action) => READS.test(action)),
      );
    expect(reads("observe")).toEqual(reads("remediate"));
  });
});

describe("a stack that writes", () => {
  for (const Mode of ["approve", "remediate"]) {
    test(`has the rights for it in the mode ${Mode}`, () => {
      expect(writesOf("remediate", { ...EVERYTHING, Mode })).toEqual(
        expect.arrayContaining([
          "ecs:RegisterTaskDefinition",
          "ecs:UpdateService",
          "ecs:RunTask",
          "iam:PassRole",
        ]),
      );
      expect(writesOf("mirror", { ...EVERYTHING, Mode })).toEqual(expect.arrayContaining(["ecr:PutImage"]));
    });
  }
});
