/** Approval requests and their answers, from Lambda's histories as its model describes them. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createApprovalStore } from "../../../src/aws/stack/approval-callbacks.ts";
import { latestApproval } from "../../../src/remediation/gates/pending-approvals.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate";
const ARN = `${FUNCTION}:7/durable-execution/r-1/2b7e`;
const one = (name: string, Status = "RUNNING") => ({
  DurableExecutionArn: ARN,
  DurableExecutionName: name,
  FunctionArn: `${FUNCTION}:7`,
  Status,
  StartTimestamp: 1_768_903_200,
});
const asked = (number: number, callbackId: string) => ({
  schemaVersion: "1",
  outcome: "awaiting-approval",
  summary: "Waiting for approval",
  because: "nothing is written before the plan is approved",
  execution: "r-1",
  approval: {
    callbackId,
    plan: [`plan ${number}`],
    expiresAt: "2026-01-20T22:00:00.000Z",
    approve: "repull approve r-1",
    deny: "repull deny r-1",
  },
  images: [],
  nextSteps: [],
});
const event = (EventId: number, EventType: string, Id: string, Name: string, details: object = {}) => ({
  EventId,
  EventType,
  Id,
  Name,
  EventTimestamp: 1_768_903_200 + EventId,
  ...details,
});
const opened = (number: number, id = `callback-${number}`) => [
  event(2 * number, "CallbackStarted", `a${number}`, `approval ${number}`, {
    SubType: "Callback",
    CallbackStartedDetails: { CallbackId: id, Timeout: 43_200 },
  }),
  event(2 * number + 1, "StepSucceeded", `b${number}`, `ask ${number}`, {
    StepSucceededDetails: { Result: { Payload: JSON.stringify(asked(number, id)) } },
  }),
];
const answered = (number: number, text: string) =>
  event(50 + number, "CallbackSucceeded", `a${number}`, `approval ${number}`, {
    CallbackSucceededDetails: { Result: { Payload: text } },
  });

let stub: AwsStub;
let events: readonly object[] = [];
let status = "RUNNING";
let refuseWith: string | undefined;
let sent: unknown;
beforeAll(async () => {
  stub = await startAwsStub(({ action, query, body }) => {
    const path = decodeURIComponent(action);
    if (path.includes("/durable-execution-callbacks/")) {
      if (refuseWith !== undefined)
        return { status: 400, headers: { "x-amzn-errortype": refuseWith }, body: { message: "no" } };
      sent = { path, body };
      return { body: {} };
    }
    if (path.endsWith("/history")) {
      const newestFirst = events.toReversed();
      return query.get("Marker") === null && newestFirst.length > 1
        ? { body: { Events: newestFirst.slice(0, 1), NextMarker: "more" } }
        : { body: { Events: newestFirst.length > 1 ? newestFirst.slice(1) : newestFirst } };
    }
    if (path.endsWith("/durable-executions")) return { body: { DurableExecutions: [one("r-1", status)] } };
    return { body: one("r-1", status) };
  });
});
afterAll(() => stub.stop());
beforeEach(() => {
  events = opened(1);
  status = "RUNNING";
  refuseWith = undefined;
});

const store = () =>
  createApprovalStore(
    { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 },
    "repull-remediate",
  );
const look = async (execution = "r-1") => {
  const history = await store().history(execution);
  return history === undefined ? undefined : latestApproval(history);
};

describe("a question", () => {
  test("is found by the execution's name, with the plan, over the pages of its history", async () => {
    const found = await look();
    expect(found).toMatchObject({
      kind: "waiting",
      callbackId: "callback-1",
      published: { approval: { plan: ["plan 1"] } },
    });
    expect(stub.requests.at(-1)?.query.get("ReverseOrder")).toBe("true");
  });

  test("is found by its ARN", async () => expect(await look(ARN)).toMatchObject({ kind: "waiting" }));

  test("returns undefined for an execution of another name", async () =>
    expect(await look("r-2")).toBeUndefined());

  test("is the last one, where a changed plan was asked about again", async () => {
    events = [...opened(1), answered(1, '{"decision":"approve","by":"Ada"}'), ...opened(2)];
    expect(await look()).toMatchObject({
      callbackId: "callback-2",
      published: { approval: { plan: ["plan 2"] } },
    });
  });

  test("whose event was not published yet waits all the same, without a plan", async () => {
    events = opened(1).slice(0, 1);
    expect(await look()).toEqual({ kind: "waiting", callbackId: "callback-1" });
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["approved",       answered(1, '{"decision":"approve","by":"Ada"}'),                                  "RUNNING",   { kind: "decided", decision: { kind: "approved", by: "Ada" } }],
    ["denied",         answered(1, '{"decision":"deny","by":"Ada","because":"no"}'),                       "SUCCEEDED", { kind: "decided", decision: { kind: "denied", by: "Ada", because: "no" } }],
    ["failed",         event(60, "CallbackFailed", "a1", "approval 1", { CallbackFailedDetails: { Error: { Payload: { ErrorMessage: "chat is down" } } } }), "SUCCEEDED", { kind: "decided", decision: { kind: "denied", because: "chat is down" } }],
    ["expired",        event(60, "CallbackTimedOut", "a1", "approval 1", { CallbackTimedOutDetails: { Error: {} } }),      "SUCCEEDED", { kind: "decided", decision: { kind: "expired" } }],
    ["misunderstood",  answered(1, "yes"),                                                                "RUNNING",   { kind: "nothing" }],
  ] as const;
  for (const [because, ending, ended, expected] of table) {
    test(`that was ${because} waits no longer`, async () => {
      events = [...opened(1), ending];
      status = ended;
      expect(await look()).toMatchObject(expected);
    });
  }

  test("of a stopped execution waits no longer", async () => {
    status = "STOPPED";
    expect(await look()).toMatchObject({ kind: "nothing" });
  });
});

describe("an answer", () => {
  test("goes to the callback, as it is", async () => {
    expect(await store().answer("callback-1", '{"decision":"approve"}')).toBe("taken");
    expect(sent).toMatchObject({
      path: "POST /2025-12-01/durable-execution-callbacks/callback-1/succeed",
      body: { decision: "approve" },
    });
  });

  test("that comes too late is closed", async () => {
    refuseWith = "CallbackTimeoutException";
    expect(await store().answer("callback-1", "{}")).toBe("closed");
  });

  test("fails with the missing permission when the caller lacks it", async () => {
    refuseWith = "AccessDeniedException";
    await expect(store().answer("callback-1", "{}")).rejects.toMatchObject({
      kind: "denied",
      message: expect.stringContaining("lambda:SendDurableExecutionCallbackSuccess"),
    });
  });
});

test("what runs, or is paused, is listed", async () => {
  expect(await store().running()).toEqual(["r-1"]);
  status = "PAUSED";
  expect(await store().running()).toEqual(["r-1"]);
  status = "SUCCEEDED";
  expect(await store().running()).toEqual([]);
});
