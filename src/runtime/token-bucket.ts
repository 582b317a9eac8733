/**
 * How often a caller lets itself call: a bucket of so many calls, refilled by so many a second.
 *
 * All callers in an account share its limits. A scan of a whole account stays well below them, so that it does not
 * throttle any deployment.
 */

import type { Clock } from "../runtime/clock.ts";

export type TokenBucket = {
  /** Resolves when the next call may be made; callers are served in their order. */
  take(): Promise<void>;
  /** Calls so far. */
  readonly taken: number;
};

export function createTokenBucket(
  { burst, perSecond }: { readonly burst: number; readonly perSecond: number },
  clock: Clock,
): TokenBucket {
  const pauseMs = 1000 / perSecond;
  /** When the bucket is full again. */
  let fullAt = clock.now();
  let last = fullAt;
  let taken = 0;
  return {
    get taken() {
      return taken;
    },
    async take() {
      taken += 1;
      const now = clock.now();
      // A clock that was set back must not make callers wait for the hours that it gave up.
      if (now < last) fullAt -= last - now;
      last = now;
      fullAt = Math.max(fullAt, now) + pauseMs;
      const wait = fullAt - now - burst * pauseMs;
      if (wait > 0) await clock.sleep(Math.ceil(wait));
    },
  };
}
