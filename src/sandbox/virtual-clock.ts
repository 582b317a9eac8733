/**
 * Time that costs nothing: a queue of things that will happen, run one after another in the order of their time.
 *
 * Whatever runs in the world is a process of this clock, and waits only by its `sleep`; the next thing
 * happens when the one before has ended or sleeps. So one seed gives one run, however busy the machine is.
 */

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as nextRound } from "node:timers/promises";
import type { Clock, Timer } from "../runtime/clock.ts";

export interface VirtualClock extends Clock, Timer {
  /** Runs something at that time (at once, if it is past); answers how to call it off. Ties keep the order of scheduling. */
  schedule(atMilliseconds: number, run: () => unknown): () => void;
  /** Lets the world go on until that time, everything due by then included. */
  advanceTo(milliseconds: number): Promise<void>;
  /** Lets the world go on until the condition holds, or the time is reached; answers whether it holds. */
  advanceUntil(condition: () => boolean, latestMilliseconds: number): Promise<boolean>;
  /** When the next thing will happen; undefined when the world is at rest. */
  nextAt(): number | undefined;
  /** Runs something that real time passes for, a call over a socket: until it ends no time passes here. */
  outside<T>(run: () => Promise<T>): Promise<T>;
}

type Process = {
  ended: boolean;
  failure: { error: unknown } | undefined;
  sleeping: number;
  /** Counts what it did to the clock, so that quiet and busy are distinguished. */
  activity: number;
  /** Resolves at its next sleep or at its end. */
  paused: PromiseWithResolvers<void>;
};

type Due = { readonly at: number; readonly order: number; readonly happen: () => Promise<void> };

/**
 * How many rounds of the event loop a sleeping process may be idle before the time moves on.
 * Only a process that does several things at once needs them: one branch sleeps, another still works.
 */
const QUIET_ROUNDS = 12;

/** Work in memory never needs as many rounds between two pauses: a whole image is pulled in a few hundred. */
const BLOCKED_ROUNDS = 20_000;

/** A clock that starts at that time and moves only on a call. */
export function createVirtualClock(startMilliseconds: number): VirtualClock {
  const inside = new AsyncLocalStorage<Process>();
  const queue: Due[] = [];
  let now = startMilliseconds;
  let scheduled = 0;
  let driving: Promise<unknown> | undefined;
  const calls = new Set<Promise<unknown>>();

  /** Until no call to the outside is under way. */
  const returned = async (): Promise<void> => {
    while (calls.size > 0) {
      await Promise.allSettled(calls);
      await nextRound();
    }
  };

  const enqueue = (at: number, happen: () => Promise<void>): (() => void) => {
    assert(Number.isFinite(at), `a time to come, not ${at}`);
    const due: Due = { at: Math.max(now, at), order: scheduled++, happen };
    queue.splice(placeOf(queue, due), 0, due);
    return () => {
      const index = queue.indexOf(due);
      if (index >= 0) queue.splice(index, 1);
    };
  };

  const schedule = (at: number, run: () => unknown): (() => void) =>
    enqueue(at, async () => {
      const process = newProcess();
      inside.run(process, () => void untilItEnds(process, run));
      await untilQuiet(process, returned);
    });

  /** One thing at a time; a second caller waits for the first to stop. */
  const drive = async (goOn: () => boolean): Promise<void> => {
    while (driving !== undefined) await driving;
    const { promise, resolve } = Promise.withResolvers<void>();
    driving = promise;
    try {
      while (goOn()) {
        const due = queue.shift();
        assert(due !== undefined, "goOn looked at the queue");
        now = due.at;
        await due.happen();
      }
    } finally {
      driving = undefined;
      resolve();
    }
  };
  const dueBy = (milliseconds: number): boolean => (queue[0]?.at ?? Number.POSITIVE_INFINITY) <= milliseconds;

  const advanceTo = async (milliseconds: number): Promise<void> => {
    assert(inside.getStore() === undefined, "a process of the world sleeps; it does not move the world");
    await drive(() => dueBy(milliseconds));
    now = Math.max(now, milliseconds);
  };

  const advanceUntil = async (condition: () => boolean, latest: number): Promise<boolean> => {
    assert(inside.getStore() === undefined, "a process of the world sleeps; it does not move the world");
    await drive(() => !condition() && dueBy(latest));
    if (condition()) return true;
    now = Math.max(now, latest);
    return false;
  };

  const sleepInside = (process: Process, milliseconds: number, signal?: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    process.sleeping += 1;
    process.activity += 1;
    process.paused.resolve();
    const wake = (): void => {
      process.sleeping -= 1;
      process.activity += 1;
      if (process.sleeping === 0) process.paused = Promise.withResolvers();
    };
    const onAbort = (): void => {
      callOff();
      wake();
      reject(signal?.reason);
    };
    const callOff = enqueue(now + milliseconds, async () => {
      signal?.removeEventListener("abort", onAbort);
      wake();
      resolve();
      await untilQuiet(process, returned);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    return promise;
  };

  return {
    now: () => now,
    nextAt: () => queue[0]?.at,
    outside: async (run) => {
      const call = run();
      calls.add(call);
      try {
        return await call;
      } finally {
        calls.delete(call);
      }
    },
    schedule,
    after: (milliseconds, run) => {
      const process = inside.getStore();
      return enqueue(now + milliseconds, async () => {
        run();
        // What it set going is the caller's, and ends or sleeps before the world goes on.
        if (process !== undefined) await untilQuiet(process, returned);
      });
    },
    advanceTo,
    advanceUntil,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      assert(milliseconds >= 0, `a sleep of ${milliseconds} ms`);
      const process = inside.getStore();
      if (process === undefined) await advanceTo(now + milliseconds);
      else await sleepInside(process, milliseconds, signal);
      signal?.throwIfAborted();
    },
  };
}

function newProcess(): Process {
  return { ended: false, failure: undefined, sleeping: 0, activity: 0, paused: Promise.withResolvers() };
}

async function untilItEnds(process: Process, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    process.failure = { error };
  } finally {
    process.ended = true;
    process.paused.resolve();
  }
}

/** Waits until a process has ended or sleeps; an error that it did not catch is a bug of the world and comes out here. */
async function untilQuiet(process: Process, returned: () => Promise<void>): Promise<void> {
  while (!process.ended) {
    await returned();
    if (process.sleeping === 0) {
      if (await pauses(process, returned)) continue;
      return;
    }
    const before = process.activity;
    for (let round = 0; round < QUIET_ROUNDS && !process.ended; round++) {
      await nextRound();
      await returned();
    }
    if (process.activity === before && process.sleeping > 0) return;
  }
  if (process.failure !== undefined) throw process.failure.error;
}

/**
 * Whether the process comes to a pause by itself. One that does not waits for another that sleeps, for a token that both
 * need for example: then the world has to go on, or neither ever would.
 */
async function pauses(process: Process, returned: () => Promise<void>): Promise<boolean> {
  const paused = process.paused.promise.then(() => true);
  for (let round = 0; round < BLOCKED_ROUNDS; round++) {
    if (await Promise.race([paused, nextRound(false)])) return true;
    await returned();
  }
  return false;
}

/** Where a thing belongs in a queue ordered by time, then by order of scheduling. */
function placeOf(queue: readonly Due[], due: Due): number {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = queue[middle];
    if (other !== undefined && other.at <= due.at) low = middle + 1;
    else high = middle;
  }
  return low;
}
