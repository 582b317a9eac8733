/** What was found of an image is good for ten minutes; where an answer did not come, until CloudFormation tries again. */

import type { Clock } from "../../runtime/clock.ts";
import { type Remembered, rememberFor } from "../remembered.ts";
import type { Judgement } from "./find-replacement.ts";

export type RememberedJudgements = Remembered<Judgement>;

const SECONDS = 600;
const SECONDS_WITHOUT_ANSWER = 20;

export function rememberJudgements(clock: Pick<Clock, "now">): RememberedJudgements {
  return rememberFor(clock, (found) =>
    found.code === "no-answer" || (found.code === "no-replacement" && found.mayChange === true)
      ? SECONDS_WITHOUT_ANSWER
      : SECONDS,
  );
}
