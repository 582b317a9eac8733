import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { FAULTS, type Report, runSwarm } from "./run-swarm.ts";

const SEEDS = 100;
const WINDOW_SEEDS = 12;
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

describe(
  `${WINDOW_SEEDS} worlds in which only the window's end helps some`,
  async () => {
    const reports: Report[] = [];
    for (let seed = 1; seed <= WINDOW_SEEDS; seed += 1)
      reports.push(await runSwarm(seed, undefined, { windowsEnd: true }));

    test("no invariant is broken: what could be healed then runs", () => {
      deepEqual(
        reports.flatMap(({ seed, violations }) =>
          violations.map(({ message }) => `seed ${seed}: ${message}`),
        ),
        [],
      );
    });

    test("windows are waited out, and services healed after them", () => {
      const count = reports.reduce((sum, { waitedOut }) => sum + waitedOut, 0);
      ok(count > 0, "nobody waited in vain, and nobody waited well");
    });
  },
  MINUTES_MAX * 60_000,
);

test("a seed is one run: the same again, to the letter", async () => {
  const [one, other] = [await runSwarm(5), await runSwarm(5)];
  deepEqual(one.story, other.story);
  equal(one.story.length > 5, true);
});
