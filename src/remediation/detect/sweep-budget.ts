/**
 * How long a sweep goes on, and what becomes of what it cannot read.
 *
 * A part that fails is a gap, and the rest of the account is swept all the same. But once AWS throttles, the time is over:
 * others need the rate more, and the next sweep is due soon.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { Clock } from "../../runtime/clock.ts";
import { AwsError, type AwsErrorKind } from "../ports/aws-error.ts";

/** What could not be read, or started. */
export type SweepGap = {
  readonly code: AwsErrorKind;
  /** As IAM spells it. */
  readonly action: string;
  readonly because: string;
};

export type SweepBudget = {
  readonly gaps: readonly SweepGap[];
  /** @param share of the time; all of it by default */
  hasTime(share?: number): boolean;
  /** What `run` answers; undefined, and a gap, where it fails. */
  orGap<T>(run: () => Promise<T>): Promise<T | undefined>;
};

export function createSweepBudget(seconds: number, clock: Pick<Clock, "now">): SweepBudget {
  const startedAt = clock.now();
  const gaps: SweepGap[] = [];
  return {
    gaps,
    hasTime: (share = 1) =>
      clock.now() - startedAt < seconds * 1000 * share && !gaps.some(({ code }) => code === "throttled"),
    async orGap(run) {
      try {
        return await run();
      } catch (error) {
        gaps.push(gapOf(error));
        return undefined;
      }
    },
  };
}

/** Rethrows any error that is not an AwsError. */
function gapOf(error: unknown): SweepGap {
  if (error instanceof AwsError) return { code: error.kind, action: error.action, because: error.message };
  if (error instanceof InvalidInput)
    return { code: "invalid", action: "ecs:DescribeTasks", because: error.message };
  throw error;
}
