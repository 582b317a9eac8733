/** What the clean-up makes of single answers of AWS: schedules that begin later, a lock that was written twice, times that pass. */

import { deepEqual, equal } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { createPruneTable } from "../../../src/aws/mirrors/prune-table.ts";
import { readScheduleExpressions } from "../../../src/aws/mirrors/schedule-expressions.ts";
import { createServiceTimes } from "../../../src/aws/mirrors/service-times.ts";
import { longestSchedule } from "../../../src/mirrors/longest-schedule.ts";
import type { RefreshRecords } from "../../../src/mirrors/refresh/refresh-records.ts";
import {
  type AwsAnswer,
  type AwsRequest,
  type AwsStub,
  STUB_CREDENTIALS,
  startAwsStub,
} from "../../support/aws/aws-stub.ts";

const NOW = Date.parse("2026-11-29T00:00:00Z");
const HOUR = 3_600_000;

let stub: AwsStub | undefined;
afterEach(() => stub?.stop());

async function settingsFor(answer: (request: AwsRequest) => AwsAnswer) {
  stub = await startAwsStub(answer);
  return { region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 2 };
}

describe("a schedule that runs each hour", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, more: object, rest: number | undefined])[] = [
    ["has begun",                 { StartDate: (NOW - 100 * 24 * HOUR) / 1000 },  HOUR],
    ["has no beginning",          {},                                             HOUR],
    ["begins in half a year",     { StartDate: (NOW + 180 * 24 * HOUR) / 1000 },  undefined],
    ["begins at an odd time",     { StartDate: "soon" },                          undefined],
  ];
  for (const [when, more, rest] of table)
    test(`rests ${rest === undefined ? "for a time that is not known" : "an hour"} when it ${when}`, async () => {
      const settings = await settingsFor(({ action }) => {
        if (action === "ListRules") return { body: { Rules: [] } };
        const isOne = action.includes("/schedules/");
        return {
          body: isOne
            ? { ScheduleExpression: "rate(1 hour)", ...more }
            : { Schedules: [{ Name: "s", GroupName: "default" }] },
        };
      });
      const read = await readScheduleExpressions(settings);
      equal("unread" in read ? read.because : longestSchedule(read, NOW), rest);
    });
});

describe("the lock of a clean-up", () => {
  test("is had by the run that wrote it, where the answer was lost and the SDK wrote it again", async () => {
    let lock: string | undefined;
    let writes = 0;
    const settings = await settingsFor(({ body }) => {
      const {
        Item,
        ConditionExpression,
        ExpressionAttributeValues: values,
      } = body as never as {
        Item: { run: { S: string } };
        ConditionExpression: string;
        ExpressionAttributeValues: Record<string, { S?: string }>;
      };
      const isOwn = /run = :run/.test(ConditionExpression) && values[":run"]?.S === lock;
      if (lock !== undefined && !isOwn)
        return { status: 400, body: { __type: "ConditionalCheckFailedException" } };
      lock = Item.run.S;
      writes += 1;
      return writes === 1 ? { status: 500, body: { __type: "InternalServerError" } } : { body: {} };
    });
    const table = createPruneTable(settings, "prune", createServiceTimes());
    equal(typeof (await table.lock("one", NOW)), "function");
    equal(await table.lock("other", NOW), undefined);
  });
});

describe("what is remembered of task definitions", () => {
  test("is not what an item without a list says", async () => {
    const Items = [
      { id: { S: "task-definition whole" }, value: { S: '["nginx"]' } },
      { id: { S: "task-definition empty" } },
      { id: { S: "task-definition odd" }, value: { S: '"nginx"' } },
    ];
    const settings = await settingsFor(() => ({ body: { Items } }));
    const { known } = await createPruneTable(settings, "prune", createServiceTimes()).read();
    deepEqual([...known.keys()], ["whole"]);
  });
});

describe("what is remembered of sources", () => {
  test("fits into items of DynamoDB for ten thousand tags of one repository, and less is read where less was written", async () => {
    const items = new Map<string, object>();
    const settings = await settingsFor(({ action, body }) => {
      if (action === "Scan") return { body: { Items: [...items.values()] } };
      const { Item } = body as never as { Item: { id: { S: string }; value: { S: string } } };
      if (Item.value.S.length > 400_000) return { status: 400, body: { __type: "ValidationException" } };
      items.set(Item.id.S, Item);
      return { body: {} };
    });
    const times = createServiceTimes();
    const table: RefreshRecords = createPruneTable(settings, "prune", times, "refresh-lock");
    const copied = `sha256:${"0".repeat(64)}`;
    const told = `tag-moved ${copied}`;
    const record = { state: "moved" as const, since: NOW, checkedAt: NOW, failures: 0, told, copied };
    for (const count of [10_000, 3, 0]) {
      const tags = Array.from({ length: count }, (_, index) => `${index}`.padStart(128, "v"));
      await table.writeSources("repull/quay.io/a", new Map(tags.map((tag) => [tag, record])));
      const { sources } = await table.read();
      deepEqual([...sources.keys()], ["repull/quay.io/a"]);
      deepEqual([...(sources.get("repull/quay.io/a")?.keys() ?? [])], tags);
    }
  });
});

describe("the time by a service", () => {
  test("is what it said and what has passed since, a quarter of an hour at most", async () => {
    let machine = 5 * HOUR;
    let add: (next: (args: unknown) => Promise<unknown>) => (args: unknown) => Promise<unknown> = (next) =>
      next;
    const times = createServiceTimes({ now: () => machine });
    times.watch("ecr", {
      middlewareStack: {
        add: (middleware: never) => {
          add = middleware;
        },
      },
    });
    await add(async () => ({ response: { headers: { date: new Date(NOW).toUTCString() } } }))({});
    const passed = (milliseconds: number) => {
      machine = 5 * HOUR + milliseconds;
      return (times.times()[0] ?? 0) - NOW;
    };
    deepEqual([passed(0), passed(60_000), passed(1_000 * HOUR), passed(-HOUR)], [0, 60_000, 900_000, 0]);
  });
});
