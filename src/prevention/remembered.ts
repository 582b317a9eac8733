/**
 * Answers that are good for some minutes: one deployment asks about the same image several times, and a storm of deployments a
 * hundred times. Kept in one process, and bounded.
 */

import type { Clock } from "../runtime/clock.ts";

export interface Remembered<T> {
  /** The answer that is known, or else the one that is made now. */
  answer(question: string, make: () => Promise<T>): Promise<T>;
}

const KEPT_MAX = 500;

/** @param secondsOf how long an answer is good */
export function rememberFor<T>(clock: Pick<Clock, "now">, secondsOf: (answer: T) => number): Remembered<T> {
  const kept = new Map<string, { readonly answer: T; readonly goodUntil: number }>();
  return {
    async answer(question, make) {
      const known = kept.get(question);
      if (known !== undefined && clock.now() < known.goodUntil) return known.answer;
      const answer = await make();
      kept.delete(question);
      kept.set(question, { answer, goodUntil: clock.now() + secondsOf(answer) * 1000 });
      // A Map keeps its order: the first is the oldest.
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT_MAX) break;
        kept.delete(oldest);
      }
      return answer;
    },
  };
}
