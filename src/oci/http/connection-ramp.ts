/**
 * How many connections a place gets: what is needed, and not at once what might be.
 *
 * A connection over TLS costs both sides some milliseconds of CPU. A near registry has answered by then, and the next request
 * had better wait for a connection that is there. Behind a long wire each request needs one of its own, at once.
 */

import type { Clock, Timer } from "../../runtime/clock.ts";
import { afterThisRound } from "../../runtime/event-loop.ts";

/** Connections that are opened without waiting. */
export const AT_ONCE = 2;
/** A place that has answered faster than that is near. */
const NEAR_MS = 15;
/** How long requests wait before one connection more is opened for them. */
const PATIENCE_MS = 8;
/** How often they wait at a near place where nothing ends, before each gets its own. It is busy, or its bodies are long. */
const LOOKS_MAX = 4;
/** Places that are remembered: a copy asks two or three, and a hostile redirect cannot fill memory. */
const PLACES_MAX = 64;

/** Connections to one place for one use. */
type Lane = {
  /** Connections that may be open. */
  allowed: number;
  active: number;
  readonly waiting: Set<() => void>;
  /** Requests that have ended since it was last looked at. */
  ended: number;
  /** How often in a row nothing had. */
  fruitless: number;
  isLooking: boolean;
};

export class ConnectionRamp {
  readonly #time: Pick<Clock, "now"> & Timer;
  readonly #lanes = new Map<string, Lane>();
  /** The shortest time from a request to its answer, by place, over a connection that was open. */
  readonly #fastest = new Map<string, number>();

  constructor(time: Pick<Clock, "now"> & Timer) {
    this.#time = time;
  }

  /** Waits until a request may be sent to a place; the caller says once that it has ended. Rejects with the signal's reason. */
  async enter(place: string, use: string, signal?: AbortSignal): Promise<() => void> {
    const lane = this.#laneOf(`${use} ${place}`);
    if (lane.active < lane.allowed || this.#isFar(place)) lane.active += 1;
    else await this.#turn(lane, place, signal);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      lane.ended += 1;
      lane.active -= 1;
      this.#admit(lane, lane.allowed);
    };
  }

  /** A request has gone out over an open connection; answers what to call when its answer has begun. */
  sent(place: string): () => void {
    const at = this.#time.now();
    return () => {
      if (this.#fastest.size >= PLACES_MAX) this.#fastest.clear();
      const ms = this.#time.now() - at;
      this.#fastest.set(place, Math.min(ms, this.#fastest.get(place) ?? ms));
    };
  }

  #isFar(place: string): boolean {
    return (this.#fastest.get(place) ?? 0) > NEAR_MS;
  }

  #turn(lane: Lane, place: string, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      lane.waiting.delete(go);
      reject(signal?.reason);
    };
    const go = (): void => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    lane.waiting.add(go);
    if (!lane.isLooking) this.#lookLater(lane, place);
    return promise;
  }

  #lookLater(lane: Lane, place: string): void {
    lane.isLooking = true;
    lane.ended = 0;
    // What has come while JavaScript was busy is read before it is looked at: timers come first in a round.
    this.#time.after(PATIENCE_MS, () => void afterThisRound(() => this.#look(lane, place)));
  }

  /** Was it worth while to wait? */
  #look(lane: Lane, place: string): void {
    lane.isLooking = false;
    if (lane.waiting.size === 0) return;
    lane.fruitless = lane.ended > 0 ? 0 : lane.fruitless + 1;
    const isNear = this.#fastest.has(place) && !this.#isFar(place);
    const ownEach = !isNear ? lane.ended === 0 : lane.fruitless >= LOOKS_MAX;
    this.#admit(lane, ownEach ? Number.POSITIVE_INFINITY : lane.active + 1);
    lane.allowed = Math.max(lane.allowed, lane.active);
    if (lane.waiting.size > 0) this.#lookLater(lane, place);
  }

  #admit(lane: Lane, most: number): void {
    for (const go of lane.waiting) {
      if (lane.active >= most) return;
      lane.waiting.delete(go);
      lane.active += 1;
      go();
    }
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    if (this.#lanes.size >= PLACES_MAX)
      for (const [name, { active, waiting }] of this.#lanes)
        if (active === 0 && waiting.size === 0) this.#lanes.delete(name);
    const lane: Lane = {
      allowed: AT_ONCE,
      active: 0,
      waiting: new Set(),
      ended: 0,
      fruitless: 0,
      isLooking: false,
    };
    this.#lanes.set(key, lane);
    return lane;
  }
}
