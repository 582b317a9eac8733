/** Random pods with random annotations, sidecars, updates and reinvocations; `main.ts` next to this plays as many as one likes. */

import { deepEqual, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { runLives } from "./run.ts";

const SEED = 1;
/** In each way. */
const COUNT = 100;

describe.each(["policy", "webhook", "both"] as const)("of random pods that meet the %s", (way) => {
  test("no random pod is refused or restarted, and every swap equals its proof", async () => {
    const figures = await runLives(way, SEED, COUNT);
    deepEqual(figures.faults, []);
    ok(figures.swaps > COUNT / 4 && figures.kept > 0 && figures.reinvoked > 0, JSON.stringify(figures));
  });
});
