/**
 * How late this process is: a timer that comes late says that everything else does too.
 *
 * The API server waits for us at most a second, and each pod with it; one that is late answers at once, without looking.
 */

import type { Clock, Timer } from "../runtime/clock.ts";

export type EventLoopLag = {
  /** Milliseconds by which the last timer came late. */
  current(): number;
  stop(): void;
};

const BEAT_MS = 25;

export function measureLag(clock: Pick<Clock, "now"> & Timer): EventLoopLag {
  let lag = 0;
  let callOff: () => void;
  const beat = () => {
    const due = clock.now() + BEAT_MS;
    callOff = clock.after(BEAT_MS, () => {
      lag = Math.max(0, clock.now() - due);
      beat();
    });
  };
  beat();
  return { current: () => lag, stop: () => callOff() };
}
