/**
 * A question with an end: who does not answer in time is not waited for.
 *
 * The operation is stopped, and its later answer is dropped. The limit is a part of the request, because a
 * peer that drops packets gives no other sign.
 */

import type { Timer } from "./clock.ts";

/**
 * The answer, or the error of `late` once so many milliseconds have passed.
 * @param ask may heed its signal, which aborts with that error; one that does not is left behind
 */
export async function withinTime<T>(
  clock: Timer,
  milliseconds: number,
  late: () => Error,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const limit = Promise.withResolvers<never>();
  const callOff = clock.after(milliseconds, () => {
    const error = late();
    stop.abort(error);
    limit.reject(error);
  });
  try {
    const answer = ask(stop.signal);
    // After the limit no caller waits for the answer.
    answer.catch(() => {});
    return await Promise.race([answer, limit.promise]);
  } finally {
    callOff();
  }
}
