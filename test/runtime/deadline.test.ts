import { equal, match, rejects } from "node:assert/strict";
import { describe, test } from "vitest";
import type { Clock } from "../../src/runtime/clock.ts";
import { withDeadline } from "../../src/runtime/deadline.ts";

/** A clock whose sleeps end when the test says so, or by their signal. */
function sleeper(): Pick<Clock, "sleep"> & { readonly asleep: number[]; wake(): void } {
  const asleep: number[] = [];
  const woken = Promise.withResolvers<void>();
  return {
    asleep,
    wake: woken.resolve,
    sleep: (milliseconds, signal) => {
      asleep.push(milliseconds);
      return Promise.race([
        woken.promise,
        new Promise<never>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
      ]);
    },
  };
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

describe("work with a deadline", () => {
  test("ends with its result, and leaves no timer behind", async () => {
    const clock = sleeper();
    equal(await withDeadline(clock, 900_000, async () => "copied"), "copied");
    equal(clock.asleep[0], 840_000);
  });

  test("gets a signal before its time is over, and may say what is left", async () => {
    const clock = sleeper();
    const ended = withDeadline(clock, 900_000, (signal) =>
      untilAborted(signal).catch((reason: Error) => {
        throw new Error("3 blobs left", { cause: reason });
      }),
    );
    clock.wake();
    await rejects(ended, (error: Error) => {
      match(String(error.cause), /short of time/);
      return error.message === "3 blobs left";
    });
  });

  test("gets the signal at once where nothing is left", async () => {
    const clock = sleeper();
    clock.wake();
    await rejects(withDeadline(clock, 5_000, untilAborted), /short of time/);
    equal(clock.asleep[0], 0);
  });

  test("has all the time where it is not counted", async () => {
    const clock = sleeper();
    equal(await withDeadline(clock, Number.POSITIVE_INFINITY, async (signal) => signal.aborted), false);
    equal(clock.asleep.length, 0);
  });
});
