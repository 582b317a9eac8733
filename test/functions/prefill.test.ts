/** `prefill` as Lambda runs it: messages of the queue in, executions of `mirror` started, and its template's rights. */

import type { Context, SQSRecord } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { getObject, getObjects, getString } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { awsAccount, serveRegistries } from "../support/aws/aws-account.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";
import { readTemplate } from "../support/aws/template.ts";

const SIZE = { kilobytes: 10 };
const MANY = ["acme/a:1", "acme/b:1", "acme/c:1"];
const CANARY = "canary-of-a-secret";
const MIRROR = "arn:aws:lambda:us-east-1:123456789012:function:repull-mirror:live";
const context = {
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-prefill:live",
} as unknown as Context;

let world: World;
let stub: AwsStub;
let registries: Awaited<ReturnType<typeof serveRegistries>>;
let handler: typeof import("../../functions/prefill/handler.ts").handler;
let policy: string;
let started: JsonObject[];

beforeAll(async () => {
  world = await createWorld(
    readWorldFile({
      services: [
        {
          cluster: "prod",
          name: "web",
          desiredCount: 1,
          taskDefinition: {
            family: "web",
            requiresCompatibilities: ["FARGATE"],
            containerDefinitions: [
              { name: "web", image: "acme/web:1", environment: [{ name: "PASSWORD", value: CANARY }] },
            ],
          },
        },
        {
          cluster: "prod",
          name: "many",
          desiredCount: 1,
          taskDefinition: {
            family: "many",
            requiresCompatibilities: ["FARGATE"],
            containerDefinitions: MANY.map((image, index) => ({ name: `c${index}`, image })),
          },
        },
      ],
      registries: {
        "docker.io": {
          images: Object.fromEntries(["acme/web:1", ...MANY].map((name) => [name, SIZE])),
        },
      },
    }),
  );
  registries = await serveRegistries(world);
  const account = awsAccount(world);
  stub = await startAwsStub(async (request): Promise<AwsAnswer> => {
    if (request.action === "GetParameter") {
      const value = String(request.body.Name).endsWith("/writes") ? "allowed" : policy;
      return { body: { Parameter: { Value: value } } };
    }
    if (request.action.endsWith("/invocations")) {
      started.push({ name: String(request.headers["x-amz-durable-execution-name"]), ...request.body });
      return { status: 202, body: "" };
    }
    if (request.action.includes("/durable-executions")) return { body: { DurableExecutions: [] } };
    return (await account.answer(request)) ?? { status: 400, body: { __type: "AccessDeniedException" } };
  });
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL: stub.url,
    POWERTOOLS_LOG_LEVEL: "SILENT",
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    REPULL_REGISTRY_ENDPOINTS: registries.endpoints,
    REPULL_POLICY_PARAMETER: "/repull/policy",
    REPULL_WRITES_PARAMETER: "/repull/writes",
    REPULL_MIRROR_FUNCTION: MIRROR,
    REPULL_CLUSTER_PATTERN: "*",
    REPULL_MIRROR_PREFIX: "repull",
  });
  ({ handler } = await import("../../functions/prefill/handler.ts"));
});
beforeEach(() => {
  policy = JSON.stringify({ mirrors: { prefill: true } });
  started = [];
});
afterAll(async () => {
  await stub.stop();
  await registries.close();
});

const { resources } = readTemplate({ PolicyParameter: "/repull/policy" }, "prefill.yaml");
const HOME = { version: "0", source: "aws.ecs", account: "123456789012", region: "us-east-1" };
const record = (document: unknown) =>
  ({ messageId: "1", body: typeof document === "string" ? document : JSON.stringify(document) }) as SQSRecord;
const deployed = (name = "web"): JsonObject => {
  const service = world.cluster.services().find((one) => one.name === name);
  return {
    ...HOME,
    "detail-type": "ECS Deployment State Change",
    resources: [service?.arn ?? ""],
    detail: {
      eventName: "SERVICE_DEPLOYMENT_IN_PROGRESS",
      deploymentId: service?.deployments[0]?.id ?? "",
    },
  };
};
/** What the rule's transformer makes of a call that CloudTrail has recorded. */
function transformed(event: JsonObject): string {
  const [target] = getObjects(resources.NewRevisionRule?.Properties as JsonObject, "Targets");
  const { InputPathsMap, InputTemplate } = getObject(target ?? {}, "InputTransformer") ?? {};
  const at = (path: string) =>
    path
      .split(".")
      .slice(1)
      .reduce<unknown>((value, member) => (value as JsonObject)[member], event);
  return String(InputTemplate).replace(/<(\w+)>/g, (_, name: string) =>
    JSON.stringify(at(String((InputPathsMap as JsonObject)[name]))),
  );
}
const registered = (): JsonObject => ({
  ...HOME,
  "detail-type": "AWS API Call via CloudTrail",
  resources: [],
  detail: {
    eventSource: "ecs.amazonaws.com",
    eventName: "RegisterTaskDefinition",
    requestParameters: { containerDefinitions: [{ environment: [{ name: "PASSWORD", value: CANARY }] }] },
    responseElements: {
      taskDefinition: {
        taskDefinitionArn: world.cluster.services().find(({ name }) => name === "web")?.taskDefinition ?? "",
      },
    },
  },
});

describe("a message", () => {
  test("of a new deployment starts one copy, of what a limit would make Repull copy", async () => {
    const results = await handler({ Records: [record(deployed())] }, context);
    expect(results).toMatchObject([{ kind: "looked", images: [{ image: "acme/web:1", kind: "started" }] }]);
    expect(started).toMatchObject([
      {
        name: expect.stringMatching(/^a-[0-9a-f]{40}-1$/),
        kind: "copy",
        ahead: true,
        platforms: ["linux/amd64"],
        source: expect.stringMatching(/^docker\.io\/acme\/web@sha256:/),
        target: "123456789012.dkr.ecr.us-east-1.amazonaws.com/repull/docker.io/acme/web:1",
      },
    ]);
  });

  test("of a registration, as the rule hands it over, names the same copy and no secret", async () => {
    await handler({ Records: [record(deployed())] }, context);
    const body = transformed(registered());
    expect(body).not.toContain(CANARY);
    const results = await handler({ Records: [record(body)] }, context);
    expect(started.map(({ name }) => name)).toEqual([started[0]?.name, started[0]?.name]);
    expect(JSON.stringify([results, started])).not.toContain(CANARY);
  });

  test("of the same image asks its registry no more for some minutes", async () => {
    await handler({ Records: [record(deployed())] }, context);
    const before = { ...world.registries.dockerHub.requests() };
    await handler({ Records: [record(deployed()), record(transformed(registered()))] }, context);
    expect(world.registries.dockerHub.requests()).toEqual(before);
  });

  test("of three images starts two, and comes again for the third", async () => {
    await expect(handler({ Records: [record(deployed("many"))] }, context)).rejects.toMatchObject({
      name: "LookAgain",
    });
    expect(started.map(({ target }) => String(target).split("/").at(-1))).toEqual(["a:1", "b:1"]);
  });

  test("starts nothing where the policy does not want it", async () => {
    policy = "{}";
    expect(await handler({ Records: [record(deployed())] }, context)).toMatchObject([
      { kind: "ignored", code: "prefill-off" },
    ]);
    expect(started).toEqual([]);
  });

  test.each([
    "",
    "{",
    '{"source": 7}',
    JSON.stringify({ ...HOME, "detail-type": "ECS Deployment State Change" }),
  ])("that is malformed fails, so that the queue puts it aside: %s", async (body) => {
    await expect(handler({ Records: [record(body)] }, context)).rejects.toMatchObject({
      name: "InvalidInput",
    });
  });
});

describe("the addition's template", () => {
  const statements = getObjects(resources.PrefillRole?.Properties as JsonObject, "Policies").flatMap(
    ({ PolicyDocument }) => getObjects(PolicyDocument as JsonObject, "Statement"),
  );
  const granted = statements.flatMap(({ Action }) => [Action].flat().map(String));

  test("grants every call that the function makes", async () => {
    const before = stub.requests.length;
    await handler({ Records: [record(deployed()), record(transformed(registered()))] }, context);
    const actions = new Set(
      stub.requests.slice(before).flatMap(({ action }) => /^[A-Z]\w+$/.exec(action) ?? []),
    );
    expect(actions.size).toBeGreaterThan(4);
    for (const action of actions)
      expect(
        granted.some((one) => one.endsWith(`:${action}`)),
        action,
      ).toBe(true);
  });

  test("grants no write but the start of a copy", () => {
    const writes = granted.filter(
      (action) => !/:(?:Get|Describe|List|Batch(?:Get|Check)|Validate)/.test(action),
    );
    expect(writes.toSorted()).toEqual([
      "lambda:InvokeFunction",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sqs:DeleteMessage",
      "sqs:ReceiveMessage",
    ]);
  });

  test("names functions and parameters after the main stack", () => {
    const named = readTemplate({ MainStack: "healer", PolicyParameter: "/p" }, "prefill.yaml").resources;
    const { FunctionName, Environment } = (named.PrefillFunction?.Properties ?? {}) as JsonObject;
    expect(FunctionName).toBe("healer-prefill");
    expect(getObject(Environment as JsonObject, "Variables")).toMatchObject({
      REPULL_MIRROR_FUNCTION: "arn:aws:lambda:us-east-1:123456789012:function:healer-mirror:live",
      REPULL_WRITES_PARAMETER: "/healer/writes",
    });
    expect(getString(named.PrefillLogs?.Properties as JsonObject, "LogGroupName")).toBe(
      "/aws/lambda/healer-prefill",
    );
  });
});
