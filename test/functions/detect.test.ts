/** `detect` as Lambda runs it: batches in, every message either done, put aside with its reason, or brought again. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Context, SQSEvent } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/runtime/json.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate:live";
const QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/repull-unhandled";
const context = {
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-detect:live",
  getRemainingTimeInMillis: () => 60_000,
} as unknown as Context;

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const sample = (name: string): string =>
  readFileSync(new URL(`../../events/${name}.json`, import.meta.url), "utf8").replaceAll(
    "111122223333",
    "123456789012",
  );
/** The same failure of another deployment. */
const ofDeployment = (id: string): string =>
  sample("fargate-service").replace(/"ecs-svc\/\d+"/g, `"ecs-svc/${id}"`);

const arn = (resource: string): string => `arn:aws:ecs:us-east-1:123456789012:${resource}`;
/** What ECS shows to a sweep: in each of two clusters a service that the limit keeps down, and one that runs. */
function sweptEcs(action: string, body: JsonObject): AwsAnswer | undefined {
  const cluster = String(body.cluster).split("/").at(-1);
  if (mayReadEcs === false && /^(?:List|Describe)/.test(action))
    return { status: 400, body: { __type: "AccessDeniedException", message: "no" } };
  switch (action) {
    case "ListClusters":
      return { body: { clusterArns: [arn("cluster/prod-1"), arn("cluster/stage")] } };
    case "ListServices":
      return { body: { serviceArns: [arn(`service/${cluster}/web`), arn(`service/${cluster}/well`)] } };
    case "DescribeServices":
      return { body: { services: [sweptService(cluster, "web", 0), sweptService(cluster, "well", 1)] } };
    case "ListTasks":
      return { body: { taskArns: [arn(`task/${cluster}/1`)] } };
    case "DescribeTasks":
      return { body: { tasks: [stoppedTask(cluster)] } };
    default:
      return undefined;
  }
}
const sweptService = (
  cluster: string | undefined,
  serviceName: string,
  runningCount: number,
): JsonObject => ({
  serviceName,
  serviceArn: arn(`service/${cluster}/${serviceName}`),
  clusterArn: arn(`cluster/${cluster}`),
  status: "ACTIVE",
  desiredCount: 1,
  runningCount,
  taskDefinition: arn("task-definition/web:1"),
  deployments: [{ id: `ecs-svc/${serviceName}`, status: "PRIMARY", desiredCount: 1, runningCount }],
});
const stoppedTask = (cluster: string | undefined): JsonObject => ({
  taskArn: arn(`task/${cluster}/1`),
  taskDefinitionArn: arn("task-definition/web:1"),
  group: "service:web",
  startedBy: "ecs-svc/web",
  lastStatus: "STOPPED",
  stopCode: "TaskFailedToStart",
  stoppedReason: LIMIT,
  containers: [{ name: "web", image: "nginx:1" }],
});
const LIMIT =
  "CannotPullContainerError: pull image manifest has been retried 7 time(s): toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit: docker.io/library/nginx:1";

let mayReadEcs: boolean;
let stub: AwsStub;
let handler: typeof import("../../functions/detect/handler.ts").handler;
/** Names that have been started. */
let started: string[];
let mayInvoke: (body: JsonObject) => boolean;
let queueTakes: boolean;
/** The text of the policy document; undefined: there is none. */
let policyDocument: string | undefined;

beforeAll(async () => {
  stub = await startAwsStub(({ action, headers, query, body }) => {
    if (action === "SendMessage") {
      if (queueTakes) return { body: { MessageId: "1", MD5OfMessageBody: md5(String(body.MessageBody)) } };
      return { status: 403, body: { __type: "AccessDenied", message: "no" } };
    }
    if (action === "GetParameter")
      return policyDocument === undefined
        ? { status: 400, body: { __type: "ParameterNotFound", message: "no" } }
        : { body: { Parameter: { Name: "/repull/policy", Value: policyDocument } } };
    if (action.endsWith("/durable-executions")) {
      const name = query.get("DurableExecutionName") ?? "";
      const DurableExecutions = started.includes(name)
        ? [{ DurableExecutionName: name, DurableExecutionArn: `${FUNCTION}/${name}`, Status: "RUNNING" }]
        : [];
      return { body: { DurableExecutions } };
    }
    const swept = sweptEcs(action, body);
    if (swept !== undefined) return swept;
    if (!mayInvoke(body)) {
      const type = { "x-amzn-errortype": "AccessDeniedException" };
      return { status: 403, headers: type, body: { Message: "no" } };
    }
    started.push(String(headers["x-amz-durable-execution-name"]));
    return { status: 202, body: "" };
  });
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL: stub.url,
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    REPULL_REMEDIATE_FUNCTION: FUNCTION,
    REPULL_MIRROR_FUNCTION: FUNCTION.replace("remediate", "mirror"),
    REPULL_DEAD_LETTER_QUEUE_URL: QUEUE,
    REPULL_CLUSTER_PATTERN: "prod*",
    REPULL_POLICY_PARAMETER: "/repull/policy",
    POWERTOOLS_LOG_LEVEL: "SILENT",
    POWERTOOLS_METRICS_DISABLED: "true",
  });
});
afterAll(() => stub.stop());
beforeEach(async () => {
  // A warm process remembers what it has started: each test is a cold one.
  vi.resetModules();
  handler = (await import("../../functions/detect/handler.ts")).handler;
  started = [];
  mayInvoke = () => true;
  queueTakes = true;
  mayReadEcs = true;
  policyDocument = "{}";
});

const batch = (...bodies: readonly string[]): SQSEvent =>
  ({
    Records: bodies.map((body, index) => ({
      messageId: `m-${index + 1}`,
      receiptHandle: "",
      body,
      attributes: {},
      messageAttributes: {},
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-1:123456789012:repull",
      awsRegion: "us-east-1",
    })),
  }) as unknown as SQSEvent;

/** What the last batch put aside: each body with its reason. */
const putAside = (since: number): readonly (readonly [body: unknown, because: unknown])[] =>
  stub.requests.slice(since).flatMap(({ action, body }) => {
    if (action !== "SendMessage") return [];
    const { because } = body.MessageAttributes as { because: { StringValue: string } };
    return [[body.MessageBody, because.StringValue] as const];
  });

describe("a batch", () => {
  test("starts one execution for a deployment whose event comes three times", async () => {
    const body = sample("fargate-service");
    for (let round = 0; round < 3; round += 1)
      expect(await handler(batch(body), context)).toEqual({ batchItemFailures: [] });
    expect(started).toHaveLength(1);
  });

  test("of several deployments starts one execution each", async () => {
    const answer = await handler(batch(ofDeployment("1"), ofDeployment("2"), ofDeployment("3")), context);
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(new Set(started).size).toBe(3);
  });

  // biome-ignore format: a table is read by its columns
  const unreadable = [
    ["what is not JSON",              "not json, but a secret: hush", /^body: expected an EventBridge document/],
    ["what is not a document",          '{"detail":{}}',                /detail-type|source/],
    ["a task's event without a task", sample("malformed"),           /./],
  ] as const;
  for (const [what, body, reason] of unreadable) {
    test(`puts ${what} aside with its reason, and acknowledges it`, async () => {
      const since = stub.requests.length;
      expect(await handler(batch(body), context)).toEqual({ batchItemFailures: [] });
      const [[kept, because] = []] = putAside(since);
      expect(kept).toBe(body);
      expect(because).toMatch(reason);
      expect(because).not.toContain("hush");
      expect(started).toEqual([]);
    });
  }

  test("is acknowledged where there is nothing to do", async () => {
    const since = stub.requests.length;
    const nothing = [sample("not-found"), sample("stopped-by-hand"), sample("deployment-failed")];
    expect(await handler(batch(...nothing), context)).toEqual({ batchItemFailures: [] });
    expect(putAside(since)).toEqual([]);
    expect(started).toEqual([]);
  });

  test("gives back the one message that failed, and no other", async () => {
    mayInvoke = (body) => !JSON.stringify(body).includes("ecs-svc/2");
    const bodies = [ofDeployment("1"), ofDeployment("2"), "no json", sample("not-found"), ofDeployment("3")];
    const since = stub.requests.length;
    const answer = await handler(batch(...bodies), context);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m-2" }] });
    expect(started).toHaveLength(2);
    expect(putAside(since)).toHaveLength(1);
  });

  test("brings again what could not even be put aside", async () => {
    queueTakes = false;
    const answer = await handler(batch("no json", ofDeployment("1")), context);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
    expect(started).toHaveLength(1);
  });

  test("in which everything fails is given back as a whole, and not thrown", async () => {
    mayInvoke = () => false;
    const answer = await handler(batch(ofDeployment("1"), ofDeployment("2")), context);
    expect(answer.batchItemFailures).toHaveLength(2);
  });

  test("hands on no environment and no token", async () => {
    const since = stub.requests.length;
    const event = JSON.parse(sample("authenticated-limit"));
    event.detail.overrides = { containerOverrides: [{ environment: [{ name: "T", value: "hush-hush" }] }] };
    await handler(batch(JSON.stringify(event)), context);
    const sent = JSON.stringify(stub.requests.slice(since).map(({ body }) => body));
    expect(started).toHaveLength(1);
    expect(sent).not.toMatch(/hush|dckr_jti/);
  });
});

describe("the policy document", () => {
  /** Two tasks of one revision that no service started. */
  const standalone = (task: string): string =>
    sample("standalone").replace(/(task\/prod\/)[0-9a-f]{31}[0-9a-f]/g, `$1${task.repeat(32)}`);

  // biome-ignore format: a table is read by its columns
  const table = [
    ["says what only a parameter can say",          '{"standaloneTasks":"run"}', 1],
    ["says nothing",                                "{}",                        1],
    ["is not JSON",                                  "{",                         1],
    ["is not there",                                undefined,                   1],
  ] as const;
  for (const [when, text, count] of table) {
    test(`makes ${count} ${count === 1 ? "remediation" : "remediations"} of two tasks when it ${when}`, async () => {
      policyDocument = text;
      expect(await handler(batch(standalone("a"), standalone("b")), context)).toEqual({
        batchItemFailures: [],
      });
      expect(new Set(started).size).toBe(count);
    });
  }
});

describe("a request for a sweep", () => {
  const request = { sweep: true, scheduledAt: "2026-11-28T23:45:00Z" };
  const asked = (since: number) => stub.requests.slice(since).map(({ action }) => action);

  test("starts what a limit keeps down in the stack's clusters, once however often it comes", async () => {
    const answer = await handler(request, context);
    expect(answer).toMatchObject({
      listed: 2,
      described: 2,
      started: 1,
      gaps: 0,
      isComplete: true,
      requests: 5,
    });
    expect(await handler(request, context)).toMatchObject({ started: 0 });
    expect(started).toHaveLength(1);
  });

  test("starts the same execution as the event of that task", async () => {
    await handler(request, context);
    const { taskArn, ...detail } = stoppedTask("prod-1");
    const event = {
      source: "aws.ecs",
      "detail-type": "ECS Task State Change",
      account: "123456789012",
      region: "us-east-1",
      detail: { ...detail, taskArn, clusterArn: arn("cluster/prod-1") },
    };
    await handler(batch(JSON.stringify(event)), context);
    expect(started).toHaveLength(1);
  });

  test("fails when nothing may be read, so that the function's errors show it, and does not insist", async () => {
    mayReadEcs = false;
    const since = stub.requests.length;
    await expect(handler(request, context)).rejects.toMatchObject({
      kind: "denied",
      action: "ecs:ListClusters",
    });
    expect(asked(since).filter((action) => action.startsWith("List"))).toEqual(["ListClusters"]);
  });

  // biome-ignore format: a table is read by its columns
  const wrong = [
    ["without a time",          { sweep: true }],
    ["with another member",     { ...request, cluster: "prod-1" }],
    ["with a batch in addition", { ...request, Records: [] }],
  ] as const;
  for (const [what, document] of wrong) {
    test(`${what} is refused before anything is asked`, async () => {
      const since = stub.requests.length;
      await expect(handler(document, context)).rejects.toThrow(/expected exactly/);
      expect(asked(since)).toEqual([]);
    });
  }
});
