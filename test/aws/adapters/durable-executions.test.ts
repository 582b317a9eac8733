import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createExecutions } from "../../../src/aws/adapters/durable-executions.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const REMEDIATE = "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate:live";
const MIRROR = "arn:aws:lambda:us-east-1:123456789012:function:repull-mirror:7";
const EXECUTION = `${REMEDIATE}/durable-execution/r-1/2b7e`;

let stub: AwsStub;
let listed: readonly object[];
let invocation: AwsAnswer;
let result: string | undefined;
let refused: AwsAnswer | undefined;
beforeEach(async () => {
  listed = [];
  result = '{"kind":"copied"}';
  refused = undefined;
  invocation = { status: 202, body: "" };
  stub = await startAwsStub(({ action, query }: AwsRequest) => {
    if (action.startsWith("POST") && action.endsWith("/invocations")) return invocation;
    if (action.endsWith("/durable-executions")) {
      return query.get("Marker") === null && listed.length > 1
        ? { body: { DurableExecutions: listed.slice(0, 1), NextMarker: "more" } }
        : { body: { DurableExecutions: listed.slice(-1) } };
    }
    if (refused !== undefined) return refused;
    // Without being asked for it, Lambda may leave the data out.
    if (query.get("IncludeExecutionData") !== "true")
      return { body: { DurableExecutionArn: EXECUTION, ExecutionDataIncluded: false } };
    return {
      body: {
        DurableExecutionArn: EXECUTION,
        ...(result === undefined ? {} : { Result: result }),
        ...(listed.some((one) => "Status" in one && one.Status === "FAILED")
          ? { Error: { ErrorMessage: "survey: ecs:DescribeTasks denied" } }
          : {}),
      },
    };
  });
});
afterEach(() => stub.stop());

const executions = () =>
  createExecutions(
    { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 },
    { remediate: REMEDIATE, mirror: MIRROR },
  );
const named = (DurableExecutionName: string, Status: string) => ({
  DurableExecutionName,
  Status,
  DurableExecutionArn: EXECUTION,
});
const invocations = () => stub.requests.filter(({ action }) => action.endsWith("/invocations"));

describe("starting", () => {
  test("a new name: asynchronously, on the qualified function, under that name", async () => {
    expect(await executions().start("remediate", "r-1", { id: "é" })).toBe("started");
    const [invoked] = invocations();
    expect(decodeURIComponent(invoked?.action ?? "")).toBe(
      `POST /2015-03-31/functions/${REMEDIATE}/invocations`,
    );
    expect(invoked?.headers).toMatchObject({
      "x-amz-invocation-type": "Event",
      "x-amz-durable-execution-name": "r-1",
    });
    expect(invoked?.body).toEqual({ id: "é" });
  });

  test("a name that Lambda refuses is taken", async () => {
    invocation = {
      status: 409,
      headers: { "x-amzn-errortype": "DurableExecutionAlreadyStartedException" },
      body: { Message: "already started" },
    };
    expect(await executions().start("remediate", "r-1", {})).toBe("taken");
  });

  for (const status of ["RUNNING", "SUCCEEDED", "FAILED"]) {
    test(`a name whose execution is ${status} is taken, though Lambda would accept the same input again`, async () => {
      listed = [named("r-1", status)];
      expect(await executions().start("remediate", "r-1", {})).toBe("taken");
      expect(invocations()).toEqual([]);
    });
  }

  test("a name that is the beginning of another's is free", async () => {
    listed = [named("r-10", "RUNNING")];
    expect(await executions().start("remediate", "r-1", {})).toBe("started");
  });

  test("what may not be invoked is denied", async () => {
    invocation = {
      status: 403,
      headers: { "x-amzn-errortype": "AccessDeniedException" },
      body: { Message: "no" },
    };
    await expect(executions().start("mirror", "m-1", {})).rejects.toMatchObject({
      kind: "denied",
      action: "lambda:InvokeFunction",
    });
  });
});

describe("the status of a name", () => {
  // biome-ignore format: a table
  const table = [
    ["RUNNING",   { status: "running" }],
    ["SUCCEEDED", { status: "succeeded" }],
    ["FAILED",    { status: "failed", because: "survey: ecs:DescribeTasks denied" }],
    ["TIMED_OUT", { status: "timed-out" }],
    ["STOPPED",   { status: "stopped" }],
    ["PAUSED",    { status: "running" }],
    ["DELETING",  { status: "unknown", because: "Lambda says DELETING of it" }],
  ] as const;
  for (const [status, expected] of table) {
    test(status, async () => {
      listed = [named("r-1", status)];
      expect(await executions().status("remediate", "r-1")).toEqual(expected);
    });
  }

  test("that ended with a denial reports the reason", async () => {
    listed = [named("m-1", "SUCCEEDED")];
    result = JSON.stringify({ kind: "refused", because: "the limit is reached" });
    expect(await executions().status("mirror", "m-1")).toEqual({
      status: "succeeded",
      refused: "the limit is reached",
    });
    for (const other of ['{"kind":"copied"}', "null", '"refused"']) {
      result = other;
      expect(await executions().status("mirror", "m-1"), other).toEqual({ status: "succeeded" });
    }
  });

  const refusal = (status: number, type: string): AwsAnswer => ({
    status,
    headers: { "x-amzn-errortype": type },
    body: { Message: "no" },
  });
  // biome-ignore format: a table is read by its columns
  const unreadable = [
    ["may not be read",             refusal(403, "AccessDeniedException"),       undefined,    { permission: "lambda:GetDurableExecution" }],
    ["is encrypted by a closed key", refusal(502, "KMSAccessDeniedException"),   undefined,    { permission: "kms:Decrypt" }],
    ["is asked for too often",      refusal(429, "TooManyRequestsException"),    undefined,    { transient: true }],
    ["is answered by a proxy",      { status: 500, body: "<html>no</html>" },    undefined,    { transient: true }],
    ["was deleted meanwhile",       refusal(404, "ResourceNotFoundException"),   undefined,    {}],
    ["is not in the answer",        undefined,                                   "",           {}],
    ["is cut off",                  undefined,                                   '{"kind":"r', {}],
  ] as const;
  for (const [because, answer, text, more] of unreadable) {
    test(`of an execution that succeeded is unknown when its result ${because}`, async () => {
      listed = [named("m-1", "SUCCEEDED")];
      refused = answer;
      result = text;
      const status = await executions().status("mirror", "m-1");
      expect(status).toEqual({ status: "unknown", because: expect.any(String), ...more });
    });
  }

  test("of a failed execution is failed, also when its history may not be read", async () => {
    listed = [named("m-1", "FAILED")];
    refused = refusal(403, "AccessDeniedException");
    expect(await executions().status("mirror", "m-1")).toEqual({ status: "failed" });
  });

  test("of an unused name is undefined", async () => {
    expect(await executions().status("remediate", "r-1")).toBeUndefined();
  });

  test("is looked for over all versions of the function, and on later pages", async () => {
    listed = [named("m-10", "FAILED"), named("m-1", "RUNNING")];
    expect(await executions().status("mirror", "m-1")).toEqual({ status: "running" });
    const [first, second] = stub.requests;
    expect(decodeURIComponent(first?.action ?? "")).toBe(
      "GET /2025-12-01/functions/arn:aws:lambda:us-east-1:123456789012:function:repull-mirror/durable-executions",
    );
    expect(first?.query.get("DurableExecutionName")).toBe("m-1");
    expect(second?.query.get("Marker")).toBe("more");
  });
});
