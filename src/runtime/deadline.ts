/**
 * Work that has to end before its process does: it stops in time by itself and says what is left.
 *
 * A Lambda invocation that runs out of time is killed without a word; one that stops before is tried again,
 * in a new invocation with all of its time.
 */

import type { Clock } from "./clock.ts";

/** What stopping takes: uploads are given up, connections end, and the step's result is recorded. */
export const STOPPING_MS = 60_000;

/** Runs work with a signal that aborts shortly before the time is over. What the work throws then comes out. */
export async function withDeadline<T>(
  clock: Pick<Clock, "sleep">,
  millisecondsLeft: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  if (!Number.isFinite(millisecondsLeft)) return await work(late.signal);
  const done = new AbortController();
  const wait = Math.max(0, millisecondsLeft - STOPPING_MS);
  const watch = clock.sleep(wait, done.signal).then(
    () => late.abort(new Error("this invocation is short of time")),
    () => {},
  );
  try {
    return await work(late.signal);
  } finally {
    done.abort(new Error("done"));
    await watch;
  }
}
