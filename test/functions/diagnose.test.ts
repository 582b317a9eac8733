/** `diagnose` as Lambda runs it: one event of ECS in, one diagnosis on the bus for each deployment and cause. */

import type { Context } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { diagnosisEventSchema } from "../../src/cli/output/diagnosis-schema.ts";
import { EVENT_RIGHTS } from "../../src/diagnosis/reads.ts";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../support/aws/aws-stub.ts";
import { readTemplate } from "../support/aws/template.ts";

const ACCOUNT = "123456789012";
const IMAGE = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web:1`;
const context = {
  invokedFunctionArn: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:repull-diagnose:live`,
} as unknown as Context;
const NOT_FOUND = `CannotPullContainerError: failed to resolve ref ${IMAGE}: not found.`;
const NO_WAY =
  'ResourceInitializationError: unable to retrieve ecr registry auth: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 44.213.79.86:443: i/o timeout';

const failed = (deployment: string, stoppedReason: string, more: JsonObject = {}): JsonObject => ({
  version: "0",
  source: "aws.ecs",
  "detail-type": "ECS Task State Change",
  account: ACCOUNT,
  region: "us-east-1",
  resources: [`arn:aws:ecs:us-east-1:${ACCOUNT}:task/prod/1`],
  detail: {
    taskArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:task/prod/1`,
    clusterArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/prod`,
    group: "service:web",
    startedBy: `ecs-svc/${deployment}`,
    lastStatus: "STOPPED",
    stopCode: "TaskFailedToStart",
    launchType: "FARGATE",
    containers: [{ name: "web", image: IMAGE }],
    stoppedReason,
    ...more,
  },
});

let stub: AwsStub;
let handler: typeof import("../../functions/diagnose/handler.ts").handler;
let claimed: Map<string, number>;
let published: JsonObject[];
let busTakes: boolean;

function answer({ action, body }: { readonly action: string; readonly body: JsonObject }): AwsAnswer {
  if (action === "PutItem") {
    const { id, expiresAt } = body.Item as {
      readonly id: { readonly S: string };
      readonly expiresAt: { readonly N: string };
    };
    const values = body.ExpressionAttributeValues as { readonly ":now": { readonly N: string } } | undefined;
    const until = claimed.get(id.S);
    if (values !== undefined && until !== undefined && until >= Number(values[":now"].N))
      return { status: 400, body: { __type: "ConditionalCheckFailedException", message: "no" } };
    claimed.set(id.S, Number(expiresAt.N));
    return { body: {} };
  }
  if (action === "PutEvents") {
    if (!busTakes) return { status: 400, body: { __type: "AccessDeniedException", message: "no" } };
    published.push(...getObjects(body, "Entries"));
    return { body: { FailedEntryCount: 0, Entries: [{ EventId: "1" }] } };
  }
  return { status: 400, body: { __type: "AccessDeniedException", message: "no" } };
}

beforeAll(async () => {
  stub = await startAwsStub((request) => answer(request));
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL: stub.url,
    POWERTOOLS_LOG_LEVEL: "SILENT",
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    REPULL_CLAIM_TABLE: "claims",
    REPULL_BUS_NAME: "default",
    REPULL_CLUSTER_PATTERN: "pr*d",
  });
  ({ handler } = await import("../../functions/diagnose/handler.ts"));
});
beforeEach(() => {
  claimed = new Map();
  published = [];
  busTakes = true;
});
afterAll(() => stub.stop());

const details = () => published.map(({ Detail }) => JSON.parse(String(Detail)));

describe("an event of a start that failed", () => {
  test("is published as a diagnosis, although the account may not be read", async () => {
    expect(await handler(failed("1", NOT_FOUND), context)).toMatchObject({
      kind: "published",
      code: "tag-not-in-repository",
    });
    expect(published).toMatchObject([
      { Source: "repull", DetailType: "Task Start Diagnosis", EventBusName: "default" },
    ]);
    expect(details()[0]).toMatchObject({
      account: ACCOUNT,
      service: "web",
      deployment: "ecs-svc/1",
      verdict: "not-sure",
      causes: [{ code: "tag-not-in-repository", certainty: "likely", proof: null }, {}],
    });
  });

  test("is published once for each deployment and cause", async () => {
    for (const event of [
      failed("1", NOT_FOUND),
      failed("1", NOT_FOUND),
      failed("1", NO_WAY),
      failed("2", NOT_FOUND),
    ])
      await handler(event, context);
    expect(details().map(({ deployment, causes }) => [deployment, causes[0].code])).toEqual([
      ["ecs-svc/1", "tag-not-in-repository"],
      ["ecs-svc/1", "no-way-to-ecr-api"],
      ["ecs-svc/2", "tag-not-in-repository"],
    ]);
  });

  test("is published in the form that docs/schema has for it, whatever is found", async () => {
    for (const [index, reason] of [NOT_FOUND, NO_WAY, "no such words", ""].entries())
      await handler(failed(`schema-${index}`, reason), context);
    const events = published.map(({ Source, DetailType, Detail }) => ({
      source: Source,
      "detail-type": DetailType,
      detail: JSON.parse(String(Detail)),
    }));
    expect(events.length).toBeGreaterThan(2);
    for (const event of events) expect(diagnosisEventSchema.safeParse(event).error).toBeUndefined();
    const [first] = events;
    const unknown = { ...first, detail: { ...first?.detail, causes: [{ code: "no-such-code" }] } };
    expect(diagnosisEventSchema.safeParse(unknown).success).toBe(false);
  });

  test("that is known is not looked into again", async () => {
    await handler(failed("1", NOT_FOUND), context);
    const before = stub.requests.length;
    expect(await handler(failed("1", NOT_FOUND), context)).toEqual({ kind: "ignored", because: "known" });
    expect(stub.requests.slice(before).map(({ action }) => action)).toEqual(["PutItem"]);
  });

  test("is tried again after the bus did not take it, when the claim is over", async () => {
    busTakes = false;
    await expect(handler(failed("1", NOT_FOUND), context)).rejects.toThrow(/events:PutEvents/);
    busTakes = true;
    for (const [id] of claimed) claimed.set(id, 0);
    await handler(failed("1", NOT_FOUND), context);
    expect(published.length).toBe(1);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, JsonObject, string])[] = [
    ["of another cluster",      failed("1", NOT_FOUND, { clusterArn: `arn:aws:ecs:us-east-1:${ACCOUNT}:cluster/stage` }),  "other-cluster"],
    ["of a task that a person stopped", failed("1", "Task stopped by user", { stopCode: "UserInitiated" }),               "on-purpose"],
    ["of a deployment that is well", { ...failed("1", ""), "detail-type": "ECS Deployment State Change", detail: {} },    "no-failed-start"],
    ["that is none",            { hello: "world" },                                                                      "no-failed-start"],
  ];
  for (const [what, event, because] of table)
    test(`${what} is ignored, and nothing is read for it`, async () => {
      const before = stub.requests.length;
      expect(await handler(event, context)).toEqual({ kind: "ignored", because });
      expect(stub.requests.length).toBe(before);
    });

  test("shows no password that was in the words", async () => {
    await handler(failed("3", `${NOT_FOUND} Authorization: Bearer dckr_pat_canary0123456789`), context);
    expect(JSON.stringify(details())).not.toMatch(/dckr_pat_canary/);
  });
});

describe("the addition's template", () => {
  const { resources } = readTemplate({}, "diagnose.yaml");
  const role = resources.DiagnoseRole?.Properties as JsonObject;
  const statements = getObjects(role, "Policies").flatMap(({ PolicyDocument }) =>
    getObjects(PolicyDocument as JsonObject, "Statement"),
  );
  const granted = new Set(statements.flatMap(({ Action }) => [Action].flat().map(String)));

  test("grants the reads of a diagnosis, and no others", () => {
    const reads = statements.find(({ Sid }) => Sid === "ReadWhatAStartNeeds");
    expect(reads?.Action).toEqual(EVENT_RIGHTS);
  });

  test("grants every call that the function makes", async () => {
    const before = stub.requests.length;
    for (const [deployment, reason] of [
      ["10", NOT_FOUND],
      ["11", NO_WAY],
      ["12", "no such words"],
    ] as const)
      await handler(failed(deployment, reason), context);
    const actions = stub.requests
      .slice(before)
      .flatMap(({ action }) => (/^[A-Z]\w+$/.test(action) ? action : []));
    expect(actions.length).toBeGreaterThan(5);
    for (const action of new Set(actions))
      expect([...granted].some((one) => one.endsWith(`:${action}`))).toBe(true);
  });

  test("grants nothing that writes to ECS, and no value of a secret", () => {
    const writes = [...granted].filter((one) => !/:(?:Describe|Get|List|BatchGetImage$|Simulate)/.test(one));
    expect(writes.toSorted()).toEqual([
      "dynamodb:PutItem",
      "events:PutEvents",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sqs:SendMessage",
    ]);
    expect([...granted].filter((one) => /GetSecretValue|ssm:GetParameter/.test(one))).toEqual([]);
  });

  test("names the main stack", () => {
    const named = readTemplate({ MainStack: "healer" }, "diagnose.yaml").resources;
    expect(named.DiagnoseFunction?.Properties).toMatchObject({ FunctionName: "healer-diagnose" });
  });
});
