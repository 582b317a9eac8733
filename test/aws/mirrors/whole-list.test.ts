import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { wholeList } from "../../../src/aws/mirrors/whole-list.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const pages = (...answers: readonly (JsonObject | Error)[]) => {
  let at = 0;
  return wholeList("ecs:ListTasks", { list: "taskArns" }, async () => {
    const answer = answers[Math.min(at, answers.length - 1)] ?? {};
    at += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  });
};

describe("wholeList", () => {
  test("joins the pages up to the one without a token", async () => {
    deepEqual(await pages({ taskArns: ["a"], nextToken: "1" }, { taskArns: ["b"], nextToken: "" }), [
      "a",
      "b",
    ]);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, answers: readonly (JsonObject | Error)[]])[] = [
    ["a page is refused",             [{ taskArns: ["a"], nextToken: "1" }, new Error("denied")]],
    ["a token comes twice",           [{ taskArns: ["a"], nextToken: "1" }]],
    ["two tokens alternate",          [{ taskArns: [], nextToken: "1" }, { taskArns: [], nextToken: "2" }, { taskArns: [], nextToken: "1" }]],
    ["an answer has no list",         [{}]],
    ["a list is not one",             [{ taskArns: "a" }]],
    ["a later answer has no list",    [{ taskArns: ["a"], nextToken: "1" }, { nextToken: "2" }]],
  ];
  for (const [when, answers] of table)
    test(`is unread when ${when}`, async () => equal("unread" in (await pages(...answers)), true));
});
