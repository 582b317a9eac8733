/** `hook` as CloudFormation asks it: its answers in AWS's shape, SUCCESS at every fault of its own, and its template's rights. */

import type { Context } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { getObject, getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { awsAccount, serveRegistries } from "../support/aws/aws-account.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";
import { readTemplate } from "../support/aws/template.ts";
import { resourceEvent, storedEvent, TOKEN, taskDefinition } from "../support/hook-events.ts";

const context = {
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-hook:live",
} as unknown as Context;

let stub: AwsStub;
let registries: Awaited<ReturnType<typeof serveRegistries>>;
let handler: typeof import("../../functions/hook/handler.ts").handler;
let policy: string | undefined;
const environment = { ...process.env };

beforeAll(async () => {
  const world = await createWorld(
    readWorldFile({
      services: [],
      registries: {
        "docker.io": { images: { "nginx:1.27": {}, "acme/web:1": {} } },
        "public.ecr.aws": {
          images: { "docker/library/nginx:1.27": { sameAs: "docker.io/library/nginx:1.27" } },
        },
      },
    }),
  );
  registries = await serveRegistries(world);
  const account = awsAccount(world);
  stub = await startAwsStub(async (request): Promise<AwsAnswer> => {
    if (request.action === "GetParameter" && policy !== undefined)
      return { body: { Parameter: { Value: policy } } };
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
    REPULL_MIRROR_PREFIX: "repull",
  });
  ({ handler } = await import("../../functions/hook/handler.ts"));
});
beforeEach(() => {
  policy = "{}";
});
afterAll(async () => {
  await stub.stop();
  await registries.close();
  process.env = environment;
});

const EVENT = resourceEvent(taskDefinition(["nginx:1.27", "acme/web:1", "quay.io/acme/web:1"]));

describe("a task definition", () => {
  test("gets an annotation for each image, with the proved replacement", async () => {
    const answer = await handler(EVENT, context);
    expect(answer).toMatchObject({
      hookStatus: "FAILED",
      errorCode: "NonCompliant",
      clientRequestToken: TOKEN,
    });
    expect(
      answer.annotations?.map(({ status, remediationMessage = "" }) => [status, remediationMessage]),
    ).toEqual([
      [
        "FAILED",
        expect.stringMatching(
          /^Use public\.ecr\.aws\/docker\/library\/nginx@sha256:[0-9a-f]{64} \(same-index\)\.$/,
        ),
      ],
      ["FAILED", expect.stringMatching(/repull mirror acme\/web:1 \S+\/\S+:\S+$/)],
      ["PASSED", ""],
    ]);
  });

  test("passes without an evaluation where the policy that is configured cannot be read", async () => {
    for (const unread of [undefined, "{ not a policy"]) {
      policy = unread;
      const { hookStatus, clientRequestToken, annotations } = await handler(EVENT, context);
      expect([hookStatus, clientRequestToken, annotations]).toEqual(["SUCCESS", TOKEN, undefined]);
    }
  });

  test("is evaluated by the defaults where no policy is configured", async () => {
    policy = undefined;
    const before = { ...process.env };
    delete process.env.REPULL_POLICY_PARAMETER;
    try {
      expect((await handler(EVENT, context)).hookStatus).toBe("FAILED");
    } finally {
      process.env = before;
    }
  });
});

test.each<readonly [string, unknown]>([
  ["a deletion", resourceEvent(taskDefinition(["nginx:1.27"]), { point: "DELETE_PRE_PROVISION" })],
  ["another resource", resourceEvent({}, { targetName: "AWS::ECS::Service" })],
  ["an event that is none", { clientRequestToken: TOKEN }],
])("%s passes without a call of AWS", async (_what, event) => {
  const before = stub.requests.length;
  expect((await handler(event, context)).hookStatus).toBe("SUCCESS");
  expect(stub.requests.length).toBe(before);
});

describe("a fault of the function's own", () => {
  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, Record<string, string>, unknown]>([
    ["a setting that is missing",   { AWS_REGION: "" },               EVENT],
    ["a setting that is malformed", { REPULL_MIRROR_PREFIX: "NO / " }, EVENT],
    ["an address that is not S3's", {},                                storedEvent("https://a.example/key")],
    ["an event that is none",       {},                                { clientRequestToken: TOKEN }],
  ])("of the kind “%s” lets the deployment pass, with the request's token", async (_what, changed, event) => {
    const before = { ...process.env };
    Object.assign(process.env, changed);
    try {
      const answer = await handler(event, context);
      expect([answer.hookStatus, answer.clientRequestToken]).toEqual(["SUCCESS", TOKEN]);
    } finally {
      process.env = before;
    }
  });

  test("of a call without a context lets the deployment pass", async () => {
    expect((await handler(EVENT, {} as Context)).hookStatus).toBe("SUCCESS");
    expect((await handler(undefined, context)).hookStatus).toBe("SUCCESS");
  });
});

describe("the addition's template", () => {
  const { resources } = readTemplate({ PolicyParameter: "/repull/policy" }, "hook.yaml");
  const propertiesOf = (name: string) => (resources[name]?.Properties ?? {}) as JsonObject;
  const statements = getObjects(propertiesOf("HookRole"), "Policies").flatMap(({ PolicyDocument }) =>
    getObjects(PolicyDocument as JsonObject, "Statement"),
  );
  const granted = statements.flatMap(({ Action }) => [Action].flat().map(String));

  test("warns, in each of the four operations, and has no parameter for more", () => {
    const hooks = [propertiesOf("TaskDefinitionHook"), propertiesOf("StackHook")];
    expect(hooks.map(({ FailureMode }) => FailureMode)).toEqual(["WARN", "WARN"]);
    expect(hooks.flatMap(({ TargetOperations }) => TargetOperations)).toEqual([
      ...["RESOURCE", "CLOUD_CONTROL"],
      ...["STACK", "CHANGE_SET"],
    ]);
    const { parameters } = readTemplate({}, "hook.yaml");
    expect(Object.keys(parameters).filter((name) => /mode|fail/i.test(name))).toEqual([]);
    for (const { Alias } of hooks)
      expect(Alias).toMatch(/^(?!aws)[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}$/);
  });

  test("lets CloudFormation of this account invoke the function, and nothing else", () => {
    const { AssumeRolePolicyDocument, Policies } = propertiesOf("InvokingRole");
    const [trust] = getObjects(AssumeRolePolicyDocument as JsonObject, "Statement");
    expect(trust).toMatchObject({
      Principal: { Service: "hooks.cloudformation.amazonaws.com" },
      Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
    });
    expect(JSON.stringify(Policies)).toContain("function:repull-hook:live");
  });

  test("grants every call that the function makes, and no write", async () => {
    const before = stub.requests.length;
    await handler(resourceEvent(taskDefinition(["acme/web:1", "nginx:1.27", "acme/other:1"])), context);
    const actions = new Set(
      stub.requests.slice(before).flatMap(({ action }) => /^[A-Z]\w+$/.exec(action) ?? []),
    );
    expect(actions.size).toBeGreaterThan(1);
    for (const action of actions)
      expect(
        granted.some((one) => one.endsWith(`:${action}`)),
        action,
      ).toBe(true);
    expect(granted.filter((one) => !/:(?:Get|Describe|Batch(?:Get|Check)|Validate)/.test(one))).toEqual([
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
  });

  test("gives the function less time than CloudFormation waits, and more than it takes", () => {
    const { Timeout, FunctionName } = propertiesOf("HookFunction");
    expect(Number(Timeout)).toBeGreaterThan(20);
    expect(Number(Timeout)).toBeLessThan(30);
    expect(FunctionName).toBe("repull-hook");
  });

  test("hands the function the stack's policy and the prefix of its copies", () => {
    const { Variables } = getObject(propertiesOf("HookFunction"), "Environment") ?? {};
    expect(Object.keys(Variables ?? {})).toEqual(
      expect.arrayContaining(["REPULL_MIRROR_PREFIX", "REPULL_POLICY_PARAMETER"]),
    );
  });
});
