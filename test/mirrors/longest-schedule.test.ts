import { equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { longestSchedule } from "../../src/mirrors/longest-schedule.ts";

const DAY = 86_400_000;
const NOW = Date.parse("2026-11-29T00:00:00Z");

// biome-ignore format: a table is read by its columns
const TABLE: readonly (readonly [expressions: readonly string[], days: number | undefined])[] = [
  [[],                                             0],
  [["rate(5 minutes)"],                            5 / 1440],
  [["rate(1 day)", "rate(200 days)"],              200],
  [["cron(0 3 * * ? *)"],                          1],
  [["cron(0 3 ? * MON *)"],                        7],
  [["cron(0 3 ? * MON#5 *)"],                      124],
  [["cron(0 3 31 * ? *)"],                         62],
  [["cron(0 3 1 1 ? *)"],                          373],
  [["cron(0 3 1,28 FEB ? *)"],                     373],
  [["cron(0 3 ? 1 MON *)"],                        373],
  [["cron(0 3 ? 1 MON#1 *)"],                      373],
  [["cron(0 3 ? 1 MON#5 *)"],                      undefined],
  [["cron(0 3 29 2 ? *)"],                         undefined],
  [["cron(0 3 29-31 2 ? *)"],                      undefined],
  [["cron(0 3 29,30 2 ? *)"],                      undefined],
  [["cron(0 3 29W 2 ? *)"],                        undefined],
  [["cron(0 3 28/2 2 ? *)"],                       undefined],
  [["cron(0 3 1 1 ? 2030)"],                       undefined],
  [["at(2020-01-01T00:00:00)"],                    0],
  [["at(2026-11-28T00:00:00)"],                    undefined],
  [["at(2027-11-29T00:00:00)"],                    undefined],
  [["rate(1 day)", "at(2027-11-29T00:00:00)"],     undefined],
  [["at(tomorrow)"],                               undefined],
  [["rate(1 day)", ""],                            undefined],
  [["every full moon"],                            undefined],
];

describe("longestSchedule", () => {
  for (const [expressions, days] of TABLE)
    test(`of ${expressions.join(", ") || "no schedule"} is ${days === undefined ? "not known" : `${days} days`}`, () =>
      equal(longestSchedule(expressions, NOW), days === undefined ? undefined : days * DAY));
});
