/** The verdict of `npm run bench -- admission`. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { type Allowance, judgeGoals, type Measured } from "../../bench/admission/goals.ts";

const roundsOf = (...values: readonly number[]): Measured => ({
  rounds: values.map((value) => ({ mean: value, p50: value, p99: value })),
  refused: 0,
});
const BASE = roundsOf(2, 3, 2.5, 5, 2.2);

describe("what a way adds is judged against the rounds in which nothing was in force", () => {
  const rows: readonly [string, Measured, Allowance, boolean][] = [
    ["within the base line's spread", roundsOf(4, 4.9, 5), { mean: "spread" }, true],
    ["as much as the slowest of its rounds", roundsOf(5), { mean: "spread" }, true],
    ["past the base line's spread", roundsOf(5.1, 5.1, 2), { mean: "spread" }, false],
    ["one slow round of five", roundsOf(3, 3, 90, 3, 3), { p99: "spread" }, true],
    ["3 ms over the base line's median", roundsOf(5.5), { p50: 3 }, true],
    ["more than 3 ms over it", roundsOf(5.6), { p50: 3 }, false],
    ["15 ms over it, at p99", roundsOf(17.5), { p99: 15 }, true],
    ["no round at all", { rounds: [], refused: 0 }, { mean: "spread" }, false],
  ];
  for (const [what, measured, allowance, isMet] of rows)
    test(`${what}: ${isMet ? "met" : "missed"}`, () => {
      const [goal] = judgeGoals(BASE, new Map([["way", measured]]), { way: allowance });
      equal(goal?.isMet, isMet);
    });
});

test("what is added is measured by the differences within a round, so that a slow minute counts for both", () => {
  const [goal] = judgeGoals(roundsOf(2, 90, 3), new Map([["way", roundsOf(3, 91, 4)]]), {
    way: { mean: "spread" },
  });
  deepEqual([goal?.added, goal?.base], [1, [2, 90]]);
});

test("a pod that is refused misses the goal, by any way", () => {
  const ways = new Map([
    ["one", { ...BASE, refused: 1 }],
    ["none", BASE],
  ]);
  deepEqual(
    judgeGoals(BASE, ways, {}).map(({ way, figure, isMet }) => [way, figure, isMet]),
    [
      ["one", "refused", false],
      ["none", "refused", true],
    ],
  );
});
