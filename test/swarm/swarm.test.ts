import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { createRandom } from "../../src/sandbox/random.ts";
import { FAULTS, type Report, runSwarm } from "./run-swarm.ts";
import { HAPPENING, missedShares, TRAIT_NAMES, TRAITS, type Trait, traitsOf } from "./world/traits.ts";

const SEEDS = 150;
/** Drawing traits costs nothing. */
const SEEDS_OF_SHARES = 1000;
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

    for (const trait of HAPPENING) {
      test(`${trait} comes true in its share of the worlds`, () => {
        const count = reports.filter(({ traits }) => traits.includes(trait)).length;
        ok(count >= TRAITS[trait].least * SEEDS, `${count} of ${SEEDS}`);
      });
    }

    test("85 worlds in a hundred can be healed, so that a product that always declines does not pass", () => {
      const healable = reports.filter((report) => report.healable).length;
      ok(healable >= 0.85 * SEEDS, `${healable} of ${SEEDS}`);
    });

    test("in most of them Repull healed something", () => {
      const healed = reports.filter(({ outcomes }) => (outcomes.succeeded ?? 0) > 0).length;
      ok(healed >= 0.8 * SEEDS, `${healed} of ${SEEDS}`);
    });
  },
  MINUTES_MAX * 60_000,
);

test("each trait has its share of the seeds", () => {
  const counts = Object.fromEntries(TRAIT_NAMES.map((trait) => [trait, 0])) as Record<Trait, number>;
  for (let seed = 1; seed <= SEEDS_OF_SHARES; seed += 1)
    for (const trait of traitsOf(createRandom(seed).fork("traits"))) counts[trait] += 1;
  deepEqual(missedShares(counts, SEEDS_OF_SHARES), []);
});

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
      ok(count > 0, "no wait timed out, and no wait ended");
    });
  },
  MINUTES_MAX * 60_000,
);

test("a seed is one run: the same again, to the letter", async () => {
  const [one, other] = [await runSwarm(5), await runSwarm(5)];
  deepEqual(one.story, other.story);
  equal(one.story.length > 5, true);
});
