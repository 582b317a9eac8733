/** One bound for a question to a registry, however its tries, its token and its redirects nest. */

import type { Timer } from "../../runtime/clock.ts";
import { withinTime } from "../../runtime/time-limit.ts";
import { RegistryError } from "./registry-error.ts";

export type RequestTimeLimit = {
  readonly seconds: number;
  readonly timer: Timer;
};

/** Four tries with the pauses that a throttle asks for, and no more. A blob's bytes are not counted: they have a pace. */
export const REQUEST_SECONDS = 120;
/** To cancel an upload: only cleanliness is lost, and a person who presses Ctrl-C is waiting. */
const TIDYING_SECONDS_MAX = 3;

/**
 * What was sent and not answered when its asker gave up: an upload may have begun, and only its answer says what there is
 * to give up. With the time for tidying it is less than a stopped command has.
 */
const ANSWER_SECONDS_AFTER_STOP = 1.5;

/** Asks under a signal that aborts a little after the given one: an answer on its way is still heard. */
export async function heardOut<T>(
  { timer }: RequestTimeLimit,
  signal: AbortSignal | undefined,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const later = new AbortController();
  let callOff = (): void => {};
  const onAbort = (): void => {
    callOff = timer.after(ANSWER_SECONDS_AFTER_STOP * 1000, () => later.abort(signal?.reason));
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await ask(later.signal);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    callOff();
  }
}

/** A limit for a question that only tidies up. */
export function forTidying({ seconds, timer }: RequestTimeLimit): RequestTimeLimit {
  return { seconds: Math.min(seconds, TIDYING_SECONDS_MAX), timer };
}

/** The answer, or RegistryError once the time of the question is over. */
export async function withinRequestTime<T>(
  { seconds, timer }: RequestTimeLimit,
  { host, attempted, signal }: { host: string; attempted: string; signal?: AbortSignal | undefined },
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = (): RegistryError =>
    new RegistryError(`${attempted}: ${host} did not answer within ${seconds} s, all tries included`, {
      kind: "unavailable",
      host,
      unanswered: "no-answer",
    });
  return await withinTime(timer, seconds * 1000, late, (limit) =>
    ask(signal === undefined ? limit : AbortSignal.any([signal, limit])),
  );
}
