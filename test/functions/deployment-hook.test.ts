/** `deployment-hook` as ECS invokes it: SUCCEEDED at every fault of its own; its template's rights. */

import type { Context } from "aws-lambda";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";
import { readTemplate } from "../support/aws/template.ts";

const context = {
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-deployment-hook:live",
} as unknown as Context;
/** No AWS is there: a port that nothing listens on. */
const UNREACHABLE = {
  AWS_REGION: "us-east-1",
  AWS_ENDPOINT_URL: "http://127.0.0.1:9",
  POWERTOOLS_LOG_LEVEL: "SILENT",
  AWS_ACCESS_KEY_ID: "a",
  AWS_SECRET_ACCESS_KEY: "b",
  AWS_MAX_ATTEMPTS: "1",
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
  ])("of the kind “%s” lets the deployment go on", async (_what, settings, event, invoked) => {
    const before = { ...process.env };
    Object.assign(process.env, settings);
    try {
      expect(await handler(event, invoked)).toEqual({ hookStatus: "SUCCEEDED" });
    } finally {
      process.env = before;
    }
  });
});

test("a Parameter Store that never answers lets the deployment go on before Lambda ends the invocation", async () => {
  const { resources } = readTemplate({ PolicyParameter: "/repull/policy" }, "deployment-hook.yaml");
  const { Timeout } = (resources.DeploymentHookFunction?.Properties ?? {}) as JsonObject;
  const asked = Promise.withResolvers<void>();
  const stub = await startAwsStub(() => {
    asked.resolve();
    return new Promise<never>(() => {});
  });
  const before = { ...process.env };
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    Object.assign(process.env, UNREACHABLE, {
      AWS_ENDPOINT_URL: stub.url,
      REPULL_POLICY_PARAMETER: "/repull/policy",
      AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    });
    delete process.env.AWS_MAX_ATTEMPTS;
    let answer: unknown = "no answer";
    void handler({}, context).then((told) => {
      answer = told;
    });
    // The client loads and connects in real time, before the first of its waits.
    await asked.promise;
    await vi.advanceTimersByTimeAsync((Number(Timeout) - 20) * 1000);
    expect(answer).toEqual({ hookStatus: "SUCCEEDED" });
  } finally {
    vi.useRealTimers();
    process.env = before;
    await stub.stop();
  }
});

describe("the addition's template", () => {
  const { resources, outputs } = readTemplate({ PolicyParameter: "/repull/policy" }, "deployment-hook.yaml");
  const granted = getObjects((resources.DeploymentHookRole?.Properties ?? {}) as JsonObject, "Policies")
    .flatMap(({ PolicyDocument }) => getObjects(PolicyDocument as JsonObject, "Statement"))
    .flatMap(({ Action }) => [Action].flat().map(String));

  test("grants what prefill has, what ECS reports about deployments, and no queue", () => {
    const prefill = readTemplate({ PolicyParameter: "/repull/policy" }, "prefill.yaml").resources.PrefillRole;
    const others = getObjects((prefill?.Properties ?? {}) as JsonObject, "Policies")
      .flatMap(({ PolicyDocument }) => getObjects(PolicyDocument as JsonObject, "Statement"))
      .flatMap(({ Action }) => [Action].flat().map(String))
      .filter((action) => !action.startsWith("sqs:"));
    expect(granted.toSorted()).toEqual(
      [...others, "ecs:DescribeServiceRevisions", "ecs:ListServiceDeployments"].toSorted(),
    );
  });

  test("has as outputs what a service's lifecycle hook has to name", () =>
    expect(Object.keys(outputs)).toEqual(["HookTargetArn", "HookRoleArn"]));
});
