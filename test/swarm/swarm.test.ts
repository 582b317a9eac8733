import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { FAULTS, type Report, runSwarm } from "./run-swarm.ts";

const SEEDS = 100;
/** Time for a machine that does something else as well. */
const MINUTES_MAX = 3;

async function play(first: number, last: number): Promise<readonly Report[]> {
  const reports: Report[] = [];
  for (let seed = first; seed <= last; seed += 1) reports.push(await runSwarm(seed));
  return reports;
}

describe(
  `${SEEDS} worlds in which everything goes wrong`,
  async () => {
    const reports = await play(1, SEEDS);

    test("no invariant is broken", () => {
      const failing = reports.filter(({ violations }) => violations.length > 0);
      deepEqual(
        failing.map(({ seed, violations }) => `npm run swarm -- --seed ${seed}: ${violations[0]?.message}`),
        [],
      );
    });

    for (const kind of FAULTS) {
      test(`the fault ${kind} occurs`, () => {
        const count = reports.reduce((sum, { faults }) => sum + faults[kind], 0);
        ok(count > 0, `${kind} never occurred in ${SEEDS} worlds`);
      });
    }

    test("nine worlds in ten can be healed, so that a product that always declines does not pass", () => {
      const healable = reports.filter((report) => report.healable).length;
      ok(healable >= 0.9 * SEEDS, `${healable} of ${SEEDS}`);
    });

    test("and in most of them something was healed by Repull", () => {
      const healed = reports.filter(({ outcomes }) => (outcomes.settled ?? 0) > 0).length;
      ok(healed >= 0.9 * SEEDS, `${healed} of ${SEEDS}`);
    });
  },
  MINUTES_MAX * 60_000,
);

test("a seed is one run: the same again, to the letter", async () => {
  const [one, other] = [await runSwarm(5), await runSwarm(5)];
  deepEqual(one.story, other.story);
  equal(one.story.length > 5, true);
});
