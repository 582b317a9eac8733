/** What the doctor reads of a deployed stack, where moto has no answer: in the shapes of AWS's own documentation. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createIamSimulator } from "../../../src/aws/adapters/iam-simulator.ts";
import { secretKeyNames } from "../../../src/aws/registry/docker-hub-secret.ts";
import { readDeployedExecutions } from "../../../src/aws/stack/deployed-executions.ts";
import { readDeployedStack } from "../../../src/aws/stack/deployed-stack.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate";
const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf";

let stub: AwsStub;
let answer: (request: AwsRequest) => AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub((request) => answer(request));
});
afterEach(() => stub.stop());

const settings = () => ({
  region: "us-east-1",
  endpoint: stub.url,
  credentials: STUB_CREDENTIALS,
  attemptsMax: 1,
});
const refusal = (status: number, code: string): AwsAnswer => ({
  status,
  headers: { "x-amzn-errortype": code },
  body: { message: "words" },
});

describe("executions of a durable function", () => {
  test("are listed over all versions and all pages, since a moment", async () => {
    const one = (name: string, Status: string) => ({
      DurableExecutionArn: `${FUNCTION}:7/durable-execution/${name}/1`,
      DurableExecutionName: name,
      FunctionArn: FUNCTION,
      StartTimestamp: 1_763_700_000,
      Status,
    });
    answer = ({ query }) => ({
      body:
        query.get("Marker") === null
          ? { DurableExecutions: [one("r-1", "TIMED_OUT")], NextMarker: "more" }
          : { DurableExecutions: [one("r-2", "RUNNING")] },
    });
    const listed = await readDeployedExecutions(settings()).since(`${FUNCTION}:live`, 1_763_600_000_000);
    expect(listed).toEqual({
      kind: "read",
      value: [
        expect.objectContaining({ name: "r-1", status: "timed-out", startedAt: 1_763_700_000_000 }),
        expect.objectContaining({ name: "r-2", status: "running" }),
      ],
    });
    expect(decodeURIComponent(stub.requests[0]?.action ?? "")).toBe(
      `GET /2025-12-01/functions/${FUNCTION}/durable-executions`,
    );
    expect(stub.requests[0]?.query.get("StartedAfter")).toMatch(/^2025-11-20T/);
  });

  test("are described with what they were given and what they died of", async () => {
    answer = () => ({
      body: {
        DurableExecutionArn: "a",
        InputPayload: '{"source":"aws.ecs"}',
        Status: "FAILED",
        StartTimestamp: 1,
        Error: { ErrorMessage: "boom" },
      },
    });
    const described = await readDeployedExecutions(settings()).described("a");
    expect(described).toEqual({
      kind: "read",
      value: { input: { source: "aws.ecs" }, because: "boom" },
    });
  });
});

describe("whether a region knows durable functions", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["it lists none",                      { body: { DurableExecutions: [] } },                true],
    ["there is no such function",          refusal(404, "ResourceNotFoundException"),          true],
    ["the operation is unknown",           refusal(404, "UnknownOperationException"),          false],
  ] as const;
  for (const [because, said, expected] of table) {
    test(`${expected}: ${because}`, async () => {
      answer = () => said;
      expect(await readDeployedStack(settings(), "repull").supportsDurableFunctions()).toEqual({
        kind: "read",
        value: expected,
      });
    });
  }

  test("is unknown where Lambda does not report it", async () => {
    answer = () => refusal(403, "AccessDeniedException");
    expect(await readDeployedStack(settings(), "repull").supportsDurableFunctions()).toMatchObject({
      kind: "unread",
      error: { kind: "denied" },
    });
  });
});

describe("which keys a secret has", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["all that count",                 { username: "a", password: "b", accessToken: "c" }, ["username", "password", "accessToken"]],
    ["none that is empty, or no text", { username: "", password: 7, accessToken: "c" },    ["accessToken"]],
    ["none of another tool",           { user: "a", hunter2: "b" },                        []],
  ] as const;
  for (const [because, secret, keys] of table) {
    test(because, async () => {
      answer = () => ({ body: { SecretString: JSON.stringify(secret) } });
      expect(await secretKeyNames(settings(), SECRET)).toEqual(keys);
    });
  }

  test("a text that is not an object is refused, and not a word of it is said", async () => {
    answer = () => ({ body: { SecretString: "hunter2-hunter2" } });
    const error = await secretKeyNames(settings(), SECRET).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "invalid" });
    expect(String(error)).not.toContain("hunter2");
  });
});

test("a role is judged with the request's own facts, which its conditions ask for", async () => {
  answer = () => ({
    headers: { "content-type": "text/xml" },
    body: `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>iam:PassRole</EvalActionName><EvalDecision>allowed</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
  });
  const role = "arn:aws:iam::123456789012:role/web";
  const context = { "iam:PassedToService": "ecs-tasks.amazonaws.com" };
  expect(await createIamSimulator(settings()).simulate(role, ["iam:PassRole"], role, context)).toEqual({
    kind: "allowed",
  });
  expect(stub.requests[0]?.body).toMatchObject({
    "ContextEntries.member.1.ContextKeyName": "iam:PassedToService",
    "ContextEntries.member.1.ContextKeyType": "string",
    "ContextEntries.member.1.ContextKeyValues.member.1": "ecs-tasks.amazonaws.com",
  });
});
