/** The journal of past executions, from the answers that Lambda's model describes. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { createExecutionHistory } from "../../../src/aws/stack/execution-history.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

const ARN = "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate:7/durable-execution/r-1/2b7e";
const one = (name: string, Status: string, ended?: number) => ({
  DurableExecutionArn: ARN,
  DurableExecutionName: name,
  FunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:repull-remediate:7",
  Status,
  StartTimestamp: 1_768_903_200,
  ...(ended === undefined ? {} : { EndTimestamp: ended }),
});

let stub: AwsStub;
beforeAll(async () => {
  stub = await startAwsStub(({ action, query }) => {
    if (!action.endsWith("/durable-executions"))
      return { body: { ...one("r-1", "SUCCEEDED"), Result: '{"outcome":"succeeded"}' } };
    return query.get("Marker") === null
      ? { body: { DurableExecutions: [one("r-2", "RUNNING")], NextMarker: "more" } }
      : {
          body: {
            DurableExecutions: [
              one("r-1", "SUCCEEDED", 1_768_903_260),
              one("r-0", "TIMED_OUT", 1_768_903_300),
            ],
          },
        };
  });
});
afterAll(() => stub.stop());

test("reports every page, newest first, with the result of what succeeded", async () => {
  const settings = { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 };
  const startedAt = 1_768_903_200_000;
  expect(await createExecutionHistory(settings, "repull-remediate").past(startedAt - 1000)).toEqual([
    { name: "r-2", status: "running", startedAt },
    {
      name: "r-1",
      status: "succeeded",
      startedAt,
      endedAt: startedAt + 60_000,
      result: { outcome: "succeeded" },
    },
    { name: "r-0", status: "timed-out", startedAt, endedAt: startedAt + 100_000 },
  ]);
});

test("reports what was begun before the time and ended after it, or runs still, with its workload", async () => {
  const began = 1_768_903_200;
  const sinceSeconds = began + 7200;
  const event = JSON.stringify({
    detail: { clusterArn: "arn:aws:ecs:us-east-1:123456789012:cluster/prod", group: "service:web" },
  });
  const stubOfTwoHours = await startAwsStub(({ action, query }) => {
    if (!action.endsWith("/durable-executions"))
      return { body: { ...one("r-1", "RUNNING"), InputPayload: event, Result: '{"outcome":"succeeded"}' } };
    // As Lambda does: only those that began after the time that is asked for.
    const isAsked = Date.parse(query.get("StartedAfter") ?? "") <= began * 1000;
    const all = [
      one("waits", "RUNNING"),
      one("approved", "SUCCEEDED", sinceSeconds + 60),
      one("died", "TIMED_OUT", sinceSeconds + 60),
      one("over", "SUCCEEDED", sinceSeconds - 60),
    ];
    return { body: { DurableExecutions: isAsked ? all : [] } };
  });
  const settings = {
    region: "us-east-1",
    endpoint: stubOfTwoHours.url,
    credentials: STUB_CREDENTIALS,
    attemptsMax: 1,
  };
  try {
    const found = await createExecutionHistory(settings, "repull-remediate", {
      now: () => sinceSeconds * 1000 + 3_600_000,
    }).past(sinceSeconds * 1000);
    expect(found.map(({ name, workload }) => [name, workload])).toEqual([
      ["waits", "prod/web"],
      ["approved", undefined],
      ["died", "prod/web"],
    ]);
  } finally {
    await stubOfTwoHours.stop();
  }
});
