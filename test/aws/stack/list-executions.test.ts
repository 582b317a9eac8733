/** Lists of durable executions, from a Lambda that answers in either order, and in pages. */

import { LambdaClient } from "@aws-sdk/client-lambda";
import { afterEach, describe, expect, it } from "vitest";
import { clientConfiguration } from "../../../src/aws/client/client-config.ts";
import { createApprovalStore } from "../../../src/aws/stack/approval-callbacks.ts";
import { createExecutionHistory } from "../../../src/aws/stack/execution-history.ts";
import { listExecutions } from "../../../src/aws/stack/list-executions.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const MINUTE = 60_000;
const DAY = 86_400_000;

let stub: AwsStub | undefined;
afterEach(() => stub?.stop());

/** A Lambda with so many executions, one a minute until now: `r-1` is the newest. It answers so many at a time. */
async function lambdaWith(count: number, order: "newest first" | "oldest first", pageMax: number) {
  const all = Array.from({ length: count }, (_, index) => ({
    DurableExecutionArn: `arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/r-${index + 1}/1`,
    DurableExecutionName: `r-${index + 1}`,
    FunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:f:1",
    Status: "RUNNING",
    StartTimestamp: (NOW - index * MINUTE) / 1000,
  }));
  stub = await startAwsStub(({ query }) => {
    const after = Date.parse(query.get("StartedAfter") ?? "") / 1000;
    const found = all.filter(({ StartTimestamp }) => !(StartTimestamp <= after));
    const isOldestFirst = (order === "oldest first") !== (query.get("ReverseOrder") === "true");
    const sorted = isOldestFirst ? found.toReversed() : found;
    const from = Number(query.get("Marker") ?? 0);
    const to = from + Math.min(pageMax, Number(query.get("MaxItems") ?? 100));
    return {
      body: {
        DurableExecutions: sorted.slice(from, to),
        ...(to < sorted.length ? { NextMarker: String(to) } : {}),
      },
    };
  });
  return { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 };
}

describe("a list of executions", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["newest first", 30,  10, 30],
    ["oldest first", 30,  10, 30],
    ["newest first", 500, 10, undefined],
    ["oldest first", 500, 10, undefined],
  ] as const;
  for (const [order, count, pageMax, whole] of table) {
    it(`of ${count} begins with the newest when Lambda answers ${order}, ${pageMax} at a time`, async () => {
      const client = new LambdaClient(clientConfiguration(await lambdaWith(count, order, pageMax)));
      const { executions, since } = await listExecutions(client, "f", { since: NOW - DAY, now: NOW });
      const names = executions.map(({ DurableExecutionName }) => DurableExecutionName);
      expect(names.slice(0, 3)).toEqual(["r-1", "r-2", "r-3"]);
      if (whole === undefined) {
        expect(names.length).toBeGreaterThan(50);
        expect(since).toBeGreaterThan(NOW - DAY);
      } else {
        expect(names).toHaveLength(whole);
        expect(since).toBe(NOW - DAY);
      }
    });
  }

  for (const order of ["newest first", "oldest first"] as const) {
    it(`shows the newest to repull approve and repull history when Lambda answers ${order}`, async () => {
      const settings = await lambdaWith(300, order, 10);
      const clock = { now: () => NOW };
      expect((await createApprovalStore(settings, "f", clock).running())[0]).toBe("r-1");
      expect((await createExecutionHistory(settings, "f", clock).past(NOW - DAY))[0]?.name).toBe("r-1");
    });
  }
});
