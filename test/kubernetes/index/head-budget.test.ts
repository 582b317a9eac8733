/** How often a registry that counts is asked: properties over random hours, and what a kept state means. */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  EMPTY_BUDGET,
  type HeadBudget,
  headsAsked,
  headsLeft,
  headsRefused,
  readHeadBudget,
} from "../../../src/kubernetes/index/head-budget.ts";

const START = Date.parse("2026-11-29T08:00:00Z");
const HOUR = 3_600_000;

describe("a budget of requests", () => {
  test("lets no hour have more than its number, whenever it is asked, clocks that are set back included", () => {
    const steps = fc.array(
      fc.record({
        ms: fc.integer({ min: -20 * 60_000, max: 30 * 60_000 }),
        wants: fc.integer({ min: 0, max: 40 }),
      }),
      { maxLength: 120 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        let [budget, now, real] = [EMPTY_BUDGET as HeadBudget, START, START];
        const sent: { at: number; heads: number }[] = [];
        for (const { ms, wants } of all) {
          now += ms;
          // What really passes is never negative: the clock only says so.
          real += Math.max(ms, 0);
          const heads = Math.min(wants, headsLeft(budget, now, 100).left);
          budget = headsAsked(budget, now, heads);
          sent.push({ at: real, heads });
          if (ms < 0) continue;
          const lastHour = sent.filter(({ at }) => real - at < HOUR && all.every((step) => step.ms >= 0));
          expect(lastHour.reduce((sum, one) => sum + one.heads, 0)).toBeLessThanOrEqual(100);
        }
      }),
    );
  });

  // biome-ignore format: a table is read by its columns
  const refusals = [
    ["says when to come back",            { retryAfterSeconds: 900 },                          900],
    ["says a window",                     { windowSeconds: 3_600 },                            3_600],
    ["says nothing",                      {},                                                  21_600],
    ["says a second",                     { retryAfterSeconds: 1 },                            60],
    ["says a year",                       { retryAfterSeconds: 31_536_000 },                   21_600],
  ] as const;
  for (const [what, refusal, seconds] of refusals) {
    test(`is stopped for ${seconds} s when the registry ${what}`, () => {
      const budget = headsRefused(EMPTY_BUDGET, START, refusal);
      expect([
        headsLeft(budget, START + seconds * 1000 - 1, 600).left,
        headsLeft(budget, START + seconds * 1000, 600).left,
      ]).toEqual([0, 600]);
    });
  }

  test("is not stopped for longer than a window by a clock that was set back", () => {
    const budget = headsRefused(EMPTY_BUDGET, START, {});
    expect(headsLeft(budget, START - 24 * HOUR, 600).left).toBe(600);
  });

  // biome-ignore format: a table is read by its columns
  const kept = [
    ["nothing is kept",         undefined,                       600],
    ["it is not JSON",           "{",                             0],
    ["it has another form",     '{"slots":{"a":1}}',             0],
    ["it is of a day ago",      `{"slots":{"${Math.floor((START - 24 * HOUR) / 360_000)}":600}}`, 600],
    ["it is of this hour",      `{"slots":{"${Math.floor((START - 600_000) / 360_000)}":200}}`,   400],
  ] as const;
  for (const [when, text, left] of kept) {
    test(`has ${left} left when ${when}`, () => {
      expect(headsLeft(readHeadBudget(text, START, 600), START, 600).left).toBe(left);
    });
  }
});
