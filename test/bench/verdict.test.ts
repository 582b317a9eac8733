/** What the bench says that ours misses, cold and warm apart. */

import { expect, test } from "vitest";
import type { Row } from "../../bench/rows.ts";
import type { Sample } from "../../bench/run-row.ts";
import { judge } from "../../bench/verdict.ts";

const row: Row = {
  image: "small",
  wire: "delayed",
  secure: true,
  name: "small delayed tls",
  goals: { bestShare: 0.8, peakMegabytes: 128, sourceRequests: 4, fastest: true },
};

const took = (wallSeconds: number, more: Partial<Sample> = {}): readonly Sample[] => [
  {
    wallSeconds,
    cpuSeconds: 0.1,
    startSeconds: 0,
    startCpuSeconds: 0,
    peakMegabytes: 70,
    sourceRequests: 4,
    targetRequests: 11,
    ...more,
  },
];

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, Record<string, readonly Sample[]>, readonly string[]])[] = [
  ["nothing where both are well",   { crane: took(1), repull: took(0.7), warm: took(0.5) },                       []],
  ["what the cold one misses",      { crane: took(1), repull: took(2), warm: took(0.5) },                         ["cold", "cold"]],
  ["what the warm one misses",      { crane: took(1), repull: took(0.7), warm: took(0.9) },                       ["warm"]],
  ["what both miss",                { crane: took(1), repull: took(0.9), warm: took(1.5) },                       ["cold", "warm", "warm"]],
  ["memory and requests, as cold",  { crane: took(1), repull: took(0.7, { peakMegabytes: 200, sourceRequests: 5 }) }, ["cold", "cold"]],
  ["nothing without ours",          { crane: took(1) },                                                           []],
];

for (const [what, samples, misses] of table)
  test(`the verdict of a row names ${what}`, () => {
    const verdict = judge(row, new Map(Object.entries(samples)));
    expect(verdict.misses.map((miss) => miss.split(":")[0])).toEqual(misses);
  });
