/** Time as a parameter: the only place that reads the machine's clock or sets its timers. */

import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after so many milliseconds; rejects with the signal's reason when aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface Timer {
  /** Runs something once so many milliseconds have passed, while the caller does other work; answers how to call it off. */
  after(milliseconds: number, run: () => void): () => void;
}

export const systemClock: Clock & Timer = {
  now: () => Date.now(),
  sleep: async (milliseconds, signal) => {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  },
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
