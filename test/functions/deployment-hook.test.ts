/** `deployment-hook` as ECS invokes it: SUCCEEDED at every fault of its own; its template's rights. */

import type { Context } from "aws-lambda";
import { beforeAll, describe, expect, test } from "vitest";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { readTemplate } from "../support/aws/template.ts";

const context = {
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-deployment-hook:live",
} as unknown as Context;
/** No AWS is there: a port that nothing listens on. */
const UNREACHABLE = {
  ...{ AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: "http://127.0.0.1:9", POWERTOOLS_LOG_LEVEL: "SILENT" },
  ...{ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_MAX_ATTEMPTS: "1" },
};

let handler: typeof import("../../functions/deployment-hook/handler.ts").handler;
beforeAll(async () => {
  process.env.POWERTOOLS_LOG_LEVEL = "SILENT";
  ({ handler } = await import("../../functions/deployment-hook/handler.ts"));
});

describe("a fault of the function's own", () => {
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, Record<string, string>, unknown, Context]>([
    ["no region",                    { AWS_REGION: "" },                                            {},        context],
    ["a setting that is malformed",  { ...UNREACHABLE, REPULL_MIRROR_PREFIX: "NO / " },             {},        context],
    ["a policy that is out of reach", { ...UNREACHABLE, REPULL_POLICY_PARAMETER: "/repull/policy" }, {},        context],
    ["no name of the mirror",        { ...UNREACHABLE, REPULL_MIRROR_FUNCTION: "" },                {},        context],
    ["no context",                   UNREACHABLE,                                                   undefined, {} as Context],
  ])("such as %s lets the deployment go on", async (_what, settings, event, invoked) => {
    const before = { ...process.env };
    Object.assign(process.env, settings);
    try {
      expect(await handler(event, invoked)).toEqual({ hookStatus: "SUCCEEDED" });
    } finally {
      process.env = before;
    }
  });
});

describe("the addition's template", () => {
  const { resources, outputs } = readTemplate({ PolicyParameter: "/repull/policy" }, "deployment-hook.yaml");
  const granted = getObjects((resources.DeploymentHookRole?.Properties ?? {}) as JsonObject, "Policies")
    .flatMap(({ PolicyDocument }) => getObjects(PolicyDocument as JsonObject, "Statement"))
    .flatMap(({ Action }) => [Action].flat().map(String));

  test("grants what prefill has, what ECS tells of deployments, and no queue", () => {
    const prefill = readTemplate({ PolicyParameter: "/repull/policy" }, "prefill.yaml").resources.PrefillRole;
    const others = getObjects((prefill?.Properties ?? {}) as JsonObject, "Policies")
      .flatMap(({ PolicyDocument }) => getObjects(PolicyDocument as JsonObject, "Statement"))
      .flatMap(({ Action }) => [Action].flat().map(String))
      .filter((action) => !action.startsWith("sqs:"));
    expect(granted.toSorted()).toEqual(
      [...others, "ecs:DescribeServiceRevisions", "ecs:ListServiceDeployments"].toSorted(),
    );
  });

  test("tells what a service's lifecycle hook has to name", () =>
    expect(Object.keys(outputs)).toEqual(["HookTargetArn", "HookRoleArn"]));
});
