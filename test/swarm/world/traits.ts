/**
 * What makes a world hard, and in how large a share of the worlds it occurs.
 *
 * A fault that no world can show is a fault that no seed finds; so each of these is drawn with a chance that keeps its
 * share, the runner counts them, and a test holds the shares.
 */

import type { Random } from "../../../src/sandbox/random.ts";

/** Trait → the chance that a seed has it, and the least share of the seeds in which it has to be. */
export const TRAITS = {
  /** Services of one name in several clusters, often of one revision. */
  "several-clusters": { chance: 0.38, least: 0.3 },
  /** Services of several names in one family of task definitions. */
  "shared-family": { chance: 0.28, least: 0.2 },
  /** The tag means other bytes by now than a deployment pinned. */
  "moved-tag": { chance: 0.42, least: 0.2 },
  /** A foreign writer registers a revision that looks like one of ours. */
  "forged-revision": { chance: 0.2, least: 0.1 },
  /** A registry from which nothing ever comes. */
  "silent-host": { chance: 0.16, least: 0.1 },
  /** PutEvents, or the history of an execution, refuses or throttles. */
  "refused-record": { chance: 0.16, least: 0.1 },
  /** Where the substitute is pulled from fails as soon as it is deployed. */
  "failing-substitute": { chance: 0.12, least: 0.05 },
  /** Twelve services in one family, and an image that never runs for long. */
  crowd: { chance: 0.012, least: 0.005 },
  /** Windows tasks: an index has several manifests for their platform. */
  windows: { chance: 0.06, least: 0.03 },
  /** An index that names no platform. */
  "index-without-platforms": { chance: 0.1, least: 0.05 },
  /** A Classic Load Balancer: ECS shows no rollout state. */
  "classic-load-balancer": { chance: 0.08, least: 0.04 },
} as const;
export type Trait = keyof typeof TRAITS;
export const TRAIT_NAMES = Object.keys(TRAITS) as readonly Trait[];

/** Those that come true by what happens, and are counted when they do. */
export const HAPPENING: readonly Trait[] = ["moved-tag", "forged-revision", "failing-substitute"];

export function traitsOf(random: Random): ReadonlySet<Trait> {
  const drawn = TRAIT_NAMES.filter((trait) => random.fork(trait).next() < TRAITS[trait].chance);
  // Twelve services fill a world.
  const isCrowd = drawn.includes("crowd");
  return new Set(isCrowd ? ["crowd", "shared-family"] : drawn);
}

/** Which of the least shares are not reached, in words. */
export function missedShares(counts: Readonly<Record<Trait, number>>, seeds: number): readonly string[] {
  return TRAIT_NAMES.filter((trait) => counts[trait] < TRAITS[trait].least * seeds).map(
    (trait) => `${trait}: ${counts[trait]} of ${seeds}, wanted ${100 * TRAITS[trait].least} %`,
  );
}
