/** One bound for a question to a registry, however its tries, its token and its redirects nest. */

import type { Timer } from "../runtime/clock.ts";
import { withinTime } from "../runtime/time-limit.ts";
import { RegistryError } from "./registry-error.ts";

export type QuestionLimit = {
  readonly seconds: number;
  readonly timer: Timer;
};

/** Four tries with the pauses that a throttle asks for, and no more. A blob's bytes are not counted: they have a pace. */
export const QUESTION_SECONDS = 120;
/** To give an upload up: only tidiness is lost, and whoever presses Ctrl-C is waiting. */
const TIDYING_SECONDS_MAX = 3;

/** The same, for a question that only tidies up. */
export function forTidying({ seconds, timer }: QuestionLimit): QuestionLimit {
  return { seconds: Math.min(seconds, TIDYING_SECONDS_MAX), timer };
}

/** The answer, or RegistryError once the time of the question is over. */
export async function withinLimit<T>(
  { seconds, timer }: QuestionLimit,
  { host, attempted, signal }: { host: string; attempted: string; signal?: AbortSignal | undefined },
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = (): RegistryError =>
    new RegistryError(`${attempted}: ${host} did not answer within ${seconds} s, all tries included`, {
      kind: "unavailable",
      host,
      unheard: "no-answer",
    });
  return await withinTime(timer, seconds * 1000, late, (limit) =>
    ask(signal === undefined ? limit : AbortSignal.any([signal, limit])),
  );
}
