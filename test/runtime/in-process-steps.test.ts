import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/runtime/clock.ts";
import { type Death, runInProcess, type StepRecord } from "../../src/runtime/in-process-steps.ts";
import { StepFailed, type Steps } from "../../src/runtime/steps.ts";

function skippingClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
  };
}

/** Three effects and a wait between them: what a remediation looks like from the engine's side. */
function threeSteps(effects: string[]) {
  return async (steps: Steps): Promise<string> => {
    const first = await steps.step("first", async () => effects.push("first"));
    await steps.wait("pause", 60);
    const second = await steps.step("second", async () => effects.push("second"));
    return `${first} ${second}`;
  };
}

describe("a workflow in process", () => {
  test("runs its steps once where nothing goes wrong, and waits on the clock", async () => {
    const effects: string[] = [];
    const clock = skippingClock();
    expect(await runInProcess(threeSteps(effects), { clock })).toBe("1 2");
    expect(effects).toEqual(["first", "second"]);
    expect(clock.now()).toBe(60_000);
  });

  for (const name of ["first", "pause", "second"]) {
    test(`goes on from its log after a death right after ${name}`, async () => {
      const effects: string[] = [];
      const deaths = new Set([name]);
      const dies = (at: Death) => at.when === "recorded" && deaths.delete(at.name);
      expect(await runInProcess(threeSteps(effects), { clock: skippingClock(), dies })).toBe("1 2");
      expect(effects).toEqual(["first", "second"]);
    });
  }

  test("runs a step again when it died between the effect and the record", async () => {
    const effects: string[] = [];
    const deaths = new Set(["second"]);
    const dies = (at: Death) => at.when === "unrecorded" && deaths.delete(at.name);
    await runInProcess(threeSteps(effects), { clock: skippingClock(), dies });
    expect(effects).toEqual(["first", "second", "second"]);
  });

  test("survives the death of its whole process, for the log is the caller's", async () => {
    const log: StepRecord[] = [];
    const dead = runInProcess(threeSteps([]), {
      clock: skippingClock(),
      log,
      dies: ({ name }) => name === "pause",
      runsMax: 1,
    });
    await expect(dead).rejects.toThrow("died 1 times");
    const effects: string[] = [];
    expect(await runInProcess(threeSteps(effects), { clock: skippingClock(), log })).toBe("1 1");
    expect(effects).toEqual(["second"]);
  });

  test("refuses a replay that takes another way than its log", async () => {
    let run = 0;
    const fickle = async (steps: Steps): Promise<void> => {
      run += 1;
      await steps.step(run === 1 ? "here" : "there", async () => run);
    };
    const deaths = new Set(["here"]);
    const dies = (at: Death) => at.when === "recorded" && deaths.delete(at.name);
    await expect(runInProcess(fickle, { clock: skippingClock(), dies })).rejects.toThrow(
      "replay differs at operation 0",
    );
  });

  test("refuses two operations side by side: their order could differ in a replay", async () => {
    const both = async (steps: Steps) => {
      await Promise.all([steps.step("a", async () => 1), steps.step("b", async () => 2)]);
    };
    await expect(runInProcess(both, { clock: skippingClock() })).rejects.toThrow("beside another operation");
  });

  test("tries a failing step as often as it is told, with growing pauses, and throws StepFailed at last", async () => {
    const clock = skippingClock();
    let tries = 0;
    const failing = (steps: Steps) =>
      steps.step(
        "write",
        async () => {
          tries += 1;
          throw new Error("throttled");
        },
        { attempts: 4 },
      );
    const error = await runInProcess(failing, { clock }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StepFailed);
    expect((error as StepFailed).message).toBe("throttled");
    expect(tries).toBe(4);
    expect(clock.now()).toBe((2 + 4 + 8) * 1000);
  });

  test("does not repeat what is not worth repeating", async () => {
    let tries = 0;
    const refused = (steps: Steps) =>
      steps.step(
        "write",
        async () => {
          tries += 1;
          throw new Error("denied");
        },
        { retryIf: (error) => !(error instanceof Error && error.message === "denied") },
      );
    await expect(runInProcess(refused, { clock: skippingClock() })).rejects.toThrow("denied");
    expect(tries).toBe(1);
  });

  test("hands on what JSON keeps, the first time as in a replay", async () => {
    const result = await runInProcess(
      (steps) => steps.step("read", async () => ({ kept: 1, lost: undefined, when: new Date(0) })),
      { clock: skippingClock() },
    );
    expect(result).toEqual({ kept: 1, when: "1970-01-01T00:00:00.000Z" });
  });

  test("ends a workflow that dies for ever", async () => {
    const forever = runInProcess(threeSteps([]), { clock: skippingClock(), dies: () => true, runsMax: 5 });
    await expect(forever).rejects.toThrow("died 5 times");
  });
});
