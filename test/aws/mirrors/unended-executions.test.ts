/** Which executions of Repull the clean-up takes for ended, from answers of Lambda that are whole and from some that are not. */

import { deepEqual } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { createPrunePorts } from "../../../src/aws/mirrors/prune-ports.ts";
import { type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

const NOW = Date.now();
const MINUTE = 60_000;

let stub: AwsStub | undefined;
afterEach(() => stub?.stop());

/** The executions of one function, as the pages that Lambda answers say. */
async function executionsIn(pages: readonly unknown[]): Promise<unknown> {
  let at = 0;
  stub = await startAwsStub(({ action }) => {
    if (!action.includes("durable-executions")) return { body: { repositories: [] } };
    at += 1;
    return { body: pages[Math.min(at, pages.length) - 1] };
  });
  const aws = { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 };
  const ports = createPrunePorts(
    { aws, table: "prune", functions: ["repull-remediate"], writesParameter: "/repull/writes" },
    "123456789012",
  );
  await ports.store.repositories("repull");
  const read = await ports.executions(NOW - 10 * MINUTE);
  return "unread" in read ? "unread" : read;
}

const one = (Status: string, minutesAgo?: number) => ({
  DurableExecutionArn: "a",
  DurableExecutionName: "heal",
  FunctionArn: "f",
  Status,
  StartTimestamp: (NOW - 60 * MINUTE) / 1000,
  ...(minutesAgo === undefined ? {} : { EndTimestamp: (NOW - minutesAgo * MINUTE) / 1000 }),
});
const list = (...DurableExecutions: readonly unknown[]) => ({ DurableExecutions });

describe("the executions that a clean-up waits for", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, pages: readonly unknown[], expected: unknown])[] = [
    ["there is none",                             [list()],                                                          []],
    ["one runs",                                  [list(one("RUNNING"))],                                            ["heal"]],
    ["one is paused",                             [list(one("PAUSED"))],                                             ["heal"]],
    ["one has a status that is not known",        [list(one("SUSPENDED", 30))],                                      ["heal"]],
    ["one has no status",                         [list({ DurableExecutionName: "heal" })],                          ["heal"]],
    ["one ended after the look began",            [list(one("SUCCEEDED", 5))],                                       ["heal"]],
    ["one ended without a time",                  [list(one("FAILED"))],                                             ["heal"]],
    ["each ended before",                         [list(one("SUCCEEDED", 30), one("FAILED", 11), one("TIMED_OUT", 30), one("STOPPED", 30))], []],
    ["one runs on the second page",               [{ ...list(), NextMarker: "1" }, list(one("RUNNING"))],            ["heal"]],
    ["an answer has no list",                     [{}],                                                              "unread"],
    ["a later answer has no list",                [{ ...list(), NextMarker: "1" }, {}],                              "unread"],
    ["a marker is not a text",                    [{ ...list(), NextMarker: 0 }],                                    "unread"],
    ["a marker comes twice",                      [{ ...list(), NextMarker: "1" }],                                  "unread"],
  ];
  for (const [when, pages, expected] of table)
    test(`are ${JSON.stringify(expected)} when ${when}`, async () => {
      deepEqual(await executionsIn(pages), expected);
    });
});
