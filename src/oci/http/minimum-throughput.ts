/**
 * Distinguishes a slow peer from one that only pretends: a byte now and then keeps any idle time-out from firing.
 *
 * Only the time counts in which the peer could have moved bytes; while the other side is the slow one, the watch is
 * paused. No timer: each moved byte runs the check, and a peer that moves none meets the idle time-out.
 */

import type { Clock } from "../../runtime/clock.ts";

const PACE_WINDOW_SECONDS = 30;
/** A modem's rate. Slower than that is an attack or a broken line: ECR's tokens would run out first. */
const PACE_BYTES_PER_SECOND_MIN = 1024;

export class ThroughputWatch {
  readonly #clock: Pick<Clock, "now">;
  #since: number | undefined;
  #elapsedMs = 0;
  #bytes = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The peer may move bytes from now on. */
  start(): void {
    this.#since ??= this.#clock.now();
  }

  /** We read nothing for now: the peer waits for us. */
  stop(): void {
    if (this.#since !== undefined) this.#elapsedMs += this.#clock.now() - this.#since;
    this.#since = undefined;
  }

  /** Counts bytes; false once a whole window brought too few. */
  moved(bytes: number): boolean {
    this.#bytes += bytes;
    if (this.#since === undefined) return true;
    const now = this.#clock.now();
    this.#elapsedMs += now - this.#since;
    this.#since = now;
    const windowMs = PACE_WINDOW_SECONDS * 1000;
    if (this.#elapsedMs < windowMs) return true;
    const fast = this.#bytes >= (this.#elapsedMs / 1000) * PACE_BYTES_PER_SECOND_MIN;
    this.#elapsedMs = 0;
    this.#bytes = 0;
    return fast;
  }
}
