import { describe, expect, test } from "vitest";
import { createVirtualClock } from "../../src/sandbox/virtual-clock.ts";

const START = Date.parse("2026-01-20T10:00:00Z");

/** A clock, and what its processes reported with the second at which they did. */
function story() {
  const clock = createVirtualClock(START);
  const told: string[] = [];
  const tell = (text: string): void => void told.push(`${(clock.now() - START) / 1000} ${text}`);
  const inSeconds = (seconds: number, run: () => unknown) => clock.schedule(START + seconds * 1000, run);
  return { clock, told, tell, inSeconds };
}

describe("the virtual clock", () => {
  test("lets things happen in the order of their time, those of one time in the order of scheduling", async () => {
    const { clock, told, tell, inSeconds } = story();
    inSeconds(2, () => tell("third"));
    inSeconds(1, () => tell("first"));
    inSeconds(1, () => tell("second"));
    await clock.advanceTo(START + 5000);
    expect(told).toEqual(["1 first", "1 second", "2 third"]);
    expect(clock.now()).toBe(START + 5000);
  });

  test("waits for work in progress before it moves, however many rounds of the event loop that takes", async () => {
    const { clock, told, tell, inSeconds } = story();
    inSeconds(1, async () => {
      for (let round = 0; round < 200; round++) await new Promise((resolve) => setImmediate(resolve));
      tell("slow");
    });
    inSeconds(2, () => tell("after"));
    await clock.advanceTo(START + 3000);
    expect(told).toEqual(["1 slow", "2 after"]);
  });

  test("runs processes side by side, each in its own sleeps", async () => {
    const { clock, told, tell, inSeconds } = story();
    for (const [name, pause] of [
      ["a", 3],
      ["b", 2],
    ] as const) {
      inSeconds(0, async () => {
        for (let round = 1; round <= 2; round++) {
          await clock.sleep(pause * 1000);
          tell(`${name}${round}`);
        }
      });
    }
    await clock.advanceTo(START + 10_000);
    expect(told).toEqual(["2 b1", "3 a1", "4 b2", "6 a2"]);
  });

  test("does not run ahead of a process that works while a part of it sleeps", async () => {
    const { clock, told, tell, inSeconds } = story();
    inSeconds(0, async () => {
      const patience = new AbortController();
      const late = clock.sleep(30_000, patience.signal).then(
        () => "late",
        () => "called off",
      );
      const work = async (): Promise<string> => {
        for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve));
        return "done";
      };
      tell(await Promise.race([late, work()]));
      patience.abort(new Error("enough"));
      tell(await late);
    });
    await clock.advanceTo(START + 60_000);
    expect(told).toEqual(["0 done", "0 called off"]);
  });

  test("advances the world when code outside of it sleeps", async () => {
    const { clock, told, tell, inSeconds } = story();
    inSeconds(5, () => tell("meanwhile"));
    await clock.sleep(10_000);
    tell("awake");
    expect(told).toEqual(["5 meanwhile", "10 awake"]);
  });

  test("stops as soon as a condition holds, and says so", async () => {
    const { clock, told, tell, inSeconds } = story();
    for (const second of [1, 2, 3]) inSeconds(second, () => tell("tick"));
    expect(await clock.advanceUntil(() => told.length === 2, START + 60_000)).toBe(true);
    expect(clock.now()).toBe(START + 2000);
    expect(await clock.advanceUntil(() => told.length === 9, START + 60_000)).toBe(false);
    expect(clock.now()).toBe(START + 60_000);
  });

  test("forgets what was called off, and never goes back", async () => {
    const { clock, told, tell, inSeconds } = story();
    const callOff = inSeconds(1, () => tell("never"));
    callOff();
    inSeconds(3, () => clock.schedule(START, () => tell("of the past")));
    await clock.advanceTo(START + 5000);
    await clock.advanceTo(START + 1000);
    expect(told).toEqual(["3 of the past"]);
    expect(clock.now()).toBe(START + 5000);
  });

  test("throws an error of a process where the world is advanced", async () => {
    const { clock, inSeconds } = story();
    inSeconds(1, async () => {
      await clock.sleep(1000);
      throw new Error("a bug");
    });
    await expect(clock.advanceTo(START + 5000)).rejects.toThrow("a bug");
  });

  test("does not let a process move the world that it lives in", async () => {
    const { clock, inSeconds } = story();
    inSeconds(1, () => clock.advanceTo(START + 9000));
    await expect(clock.advanceTo(START + 5000)).rejects.toThrow("a process of the world sleeps");
  });

  test("a process that waits for one that sleeps does not stop the world", async () => {
    const clock = createVirtualClock(0);
    const token = Promise.withResolvers<string>();
    const done: string[] = [];
    clock.schedule(1_000, async () => {
      await clock.sleep(5_000);
      token.resolve("token");
    });
    clock.schedule(2_000, async () => done.push(await token.promise));
    await clock.advanceTo(60_000);
    expect(done).toEqual(["token"]);
  });
});
