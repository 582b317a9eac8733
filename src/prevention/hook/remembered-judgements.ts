/**
 * What was found of an image is good for some minutes: one deployment asks for the stack, for its change set and for each
 * resource, and CloudFormation tries a hook again.
 */

import type { Clock } from "../../runtime/clock.ts";
import type { Judgement } from "./find-replacement.ts";

export interface RememberedJudgements {
  /** The judgement that is known, or else the one that is made now. */
  judge(question: string, make: () => Promise<Judgement>): Promise<Judgement>;
}

const MINUTES_MAX = 10;
const SECONDS_MAX_WITHOUT_ANSWER = 20;
const KEPT_MAX = 500;

export function rememberJudgements(clock: Pick<Clock, "now">): RememberedJudgements {
  const kept = new Map<string, { readonly judgement: Judgement; readonly goodUntil: number }>();
  return {
    async judge(question, make) {
      const known = kept.get(question);
      if (known !== undefined && clock.now() < known.goodUntil) return known.judgement;
      const judgement = await make();
      const seconds = judgement.code === "no-answer" ? SECONDS_MAX_WITHOUT_ANSWER : MINUTES_MAX * 60;
      kept.delete(question);
      kept.set(question, { judgement, goodUntil: clock.now() + seconds * 1000 });
      // A Map keeps its order: the first is the oldest.
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT_MAX) break;
        kept.delete(oldest);
      }
      return judgement;
    },
  };
}
