import { describe, expect, test } from "vitest";
import { systemClock, type Timer } from "../../src/runtime/clock.ts";
import { withinTime } from "../../src/runtime/time-limit.ts";
import { createVirtualClock } from "../../src/sandbox/virtual-clock.ts";

const late = (): Error => new Error("late");
const never = (): Promise<never> => new Promise(() => {});

describe("a question with an end", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [because: string, ask: (signal: AbortSignal) => Promise<string>, ended: string])[] = [
    ["an answer in time is the answer",             async () => "yes",                                                                           "yes"],
    ["a refusal in time is the refusal",            () => Promise.reject(new Error("no")),                                                       "no"],
    ["what never answers is late",                  never,                                                                                       "late"],
    ["what heeds its signal is late for its reason", (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))), "late"],
    ["what throws before it asks throws",           () => { throw new Error("bug"); },                                                           "bug"],
  ];
  for (const [because, ask, ended] of table) {
    test(`${because}, on the machine's clock`, async () => {
      const got = await withinTime(systemClock, 5, late, ask).catch((error: Error) => error.message);
      expect(got).toBe(ended);
    });
  }

  test("takes a sandbox's time as long as its limit, and no longer", async () => {
    const clock = createVirtualClock(0);
    const ends: number[] = [];
    clock.schedule(0, async () => {
      await withinTime(clock, 5000, late, (signal) => clock.sleep(30_000, signal)).catch(() => {});
      ends.push(clock.now());
      await withinTime(clock, 5000, late, () => clock.sleep(2000));
      ends.push(clock.now());
    });
    await clock.advanceTo(60_000);
    expect(ends).toEqual([5000, 7000]);
  });

  test("leaves no timer behind, once it is answered", async () => {
    let running = 0;
    const counting: Timer = {
      after: () => {
        running += 1;
        return () => {
          running -= 1;
        };
      },
    };
    await withinTime(counting, 5000, late, async () => "yes");
    await withinTime(counting, 5000, late, () => Promise.reject(new Error("no"))).catch(() => {});
    expect(running).toBe(0);
  });
});
