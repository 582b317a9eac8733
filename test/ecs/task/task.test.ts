import fc from "fast-check";
import { expect, test } from "vitest";
import { readTask } from "../../../src/ecs/task/task.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const ARN = "arn:aws:ecs:us-east-1:123456789012";

test("a task is read from what DescribeTasks says", () => {
  const task = readTask({
    taskArn: `${ARN}:task/shop/2f5e`,
    taskDefinitionArn: `${ARN}:task-definition/web:42`,
    group: "service:web",
    startedBy: "ecs-svc/2",
    lastStatus: "STOPPED",
    stopCode: "TaskFailedToStart",
    stoppedReason: "CannotPullContainerError: 429 Too Many Requests",
    launchType: "FARGATE",
    attributes: [{ name: "other" }, { name: "ecs.cpu-architecture", value: "arm64" }],
    containers: [
      {
        name: "web",
        image: "nginx:1.25",
        imageDigest: "sha256:1",
        lastStatus: "STOPPED",
        reason: "429",
        exitCode: 0,
      },
      { name: "aws-guardduty-agent" },
      null,
    ],
    overrides: { containerOverrides: [{ environment: [{ name: "TOKEN", value: "secret" }] }] },
  });
  expect(task).toEqual({
    arn: `${ARN}:task/shop/2f5e`,
    taskDefinitionArn: `${ARN}:task-definition/web:42`,
    group: "service:web",
    startedBy: "ecs-svc/2",
    lastStatus: "STOPPED",
    stopCode: "TaskFailedToStart",
    stoppedReason: "CannotPullContainerError: 429 Too Many Requests",
    launchType: "FARGATE",
    architecture: "arm64",
    containers: [
      {
        name: "web",
        image: "nginx:1.25",
        imageDigest: "sha256:1",
        lastStatus: "STOPPED",
        reason: "429",
        exitCode: 0,
      },
      { name: "aws-guardduty-agent" },
    ],
  });
});

test("a task of which nothing is said has no containers", () => {
  expect(readTask({})).toEqual({ arn: "", taskDefinitionArn: "", containers: [] });
});

test("whatever JSON comes, it is read without a throw", () => {
  const member = fc.constantFrom(
    "taskArn",
    "containers",
    "attributes",
    "name",
    "image",
    "value",
    "exitCode",
    "__proto__",
  );
  const object = fc
    .array(fc.tuple(member, fc.jsonValue({ maxDepth: 3 })))
    .map((entries) => Object.fromEntries(entries) as JsonObject);
  fc.assert(
    fc.property(object, (json) => {
      expect(Array.isArray(readTask(json).containers)).toBe(true);
    }),
  );
});
