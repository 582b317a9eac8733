/** Counts what each caller did within a window of virtual time: six hours of pulls, or one second of requests. */

import type { Clock } from "../../runtime/clock.ts";

export type SlidingWindow = {
  /** How many of this caller's are still counted. */
  used(who: string): number;
  add(who: string, times?: number): void;
};

/**
 * A rolling window forgets each one when it has grown old enough; a fixed window begins with the first
 * and forgets all at its end.
 */
export function createSlidingWindow(
  clock: Pick<Clock, "now">,
  windowSeconds: number,
  kind: () => "rolling" | "fixed",
): SlidingWindow {
  const times = new Map<string, readonly number[]>();
  const current = (who: string): readonly number[] => {
    const all = times.get(who) ?? [];
    const oldest = clock.now() - windowSeconds * 1000;
    const first = all[0];
    const kept =
      kind() === "rolling"
        ? all.filter((at) => at > oldest)
        : first !== undefined && first > oldest
          ? all
          : [];
    times.set(who, kept);
    return kept;
  };
  return {
    used: (who) => current(who).length,
    add(who, count = 1) {
      const now = clock.now();
      times.set(who, [...current(who), ...Array.from({ length: count }, () => now)]);
    },
  };
}
