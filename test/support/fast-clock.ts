/** The one clock of tests that have no world: its waits cost nothing. */

import type { Clock } from "../../src/runtime/clock.ts";

/** A clock on which every wait is over at once; `slept` says how long they would have been. */
export class FastClock implements Clock {
  slept = 0;
  /** How fast time passes by itself: not at all, unless a test is about slowness. */
  speed = 0;
  /** Whether a wait lasts until it is called off, instead of being over at once. */
  waits = false;
  readonly #at: number;
  readonly #startedAt = performance.now();

  constructor(at = Date.UTC(2026, 10, 21)) {
    this.#at = at;
  }

  now(): number {
    const passed = this.speed === 0 ? 0 : (performance.now() - this.#startedAt) * this.speed;
    return this.#at + this.slept + passed;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.waits) await aborted(signal);
    this.slept += milliseconds;
    await Promise.resolve();
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
