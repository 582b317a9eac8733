/** Clusters in which everything goes wrong: no promise is broken, each trouble occurs, and a broken promise is seen. */

import { describe, expect, test } from "vitest";
import type { Invariant } from "./judge.ts";
import { type ClusterReport, type ClusterSabotage, runCluster, TROUBLES } from "./run-cluster.ts";

const SEEDS = 16;
const SEEDS_OF_SABOTAGE = 20;
/** Time for a machine that does something else as well. */
const MINUTES_MAX = 3;

describe(`${SEEDS} clusters in which everything goes wrong`, async () => {
  const reports: ClusterReport[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) reports.push(await runCluster(seed));

  test("no invariant is broken", () => {
    const broken = reports.flatMap(({ seed, violations }) =>
      violations.slice(0, 1).map(({ invariant, message }) => `seed ${seed}: ${invariant}: ${message}`),
    );
    expect(broken).toEqual([]);
  });

  for (const trouble of TROUBLES)
    test(`the trouble ${trouble} occurs`, () => {
      expect(reports.some(({ troubles }) => troubles.includes(trouble))).toBe(true);
    });

  test("pods are healed in most of them, and images are copied in some", () => {
    expect(reports.filter(({ healed }) => healed > 0).length).toBeGreaterThan(SEEDS / 2);
    expect(reports.filter(({ copies }) => copies > 0).length).toBeGreaterThan(1);
  });
});

describe("a promise that is broken on purpose is seen", () => {
  const table: readonly (readonly [broken: string, Invariant, ClusterSabotage])[] = [
    [
      "a controller that takes every pause for lifted",
      "kill-switch",
      {
        cluster: (as) => ({
          ...as,
          get: async (kind, name) => {
            const found = await as.get(kind, name);
            return name.name === "repull-writes"
              ? ({ ...found, data: { writes: "allowed" } } as never)
              : found;
          },
        }),
      },
    ],
    ["a controller that does not know the allowed registries", "allowed-place", { anyRegistry: true }],
    [
      "a controller that forgets what it has taken of the quota",
      "quota",
      {
        cluster: (as) => ({
          ...as,
          replace: async (kind, object, options) => {
            const { data } = object as { data?: Record<string, string> };
            return await as.replace(
              kind,
              (data?.quotas === undefined ? object : { ...object, data: { ...data, quotas: "{}" } }) as never,
              options,
            );
          },
        }),
      },
    ],
  ];
  for (const [broken, invariant, sabotage] of table)
    test(
      `${broken} breaks ${invariant}`,
      async () => {
        for (let seed = 1; seed <= SEEDS_OF_SABOTAGE; seed++) {
          const { violations } = await runCluster(seed, sabotage);
          if (violations.some((one) => one.invariant === invariant)) return;
        }
        throw new Error(`${invariant} was not seen to break in ${SEEDS_OF_SABOTAGE} clusters`);
      },
      MINUTES_MAX * 60_000,
    );
});
