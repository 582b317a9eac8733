import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/runtime/clock.ts";
import {
  answerCallback,
  type CrashPoint,
  runInProcess,
  type StepRecord,
} from "../../src/runtime/in-process-steps.ts";
import { type CallbackResult, StepFailed, type Steps } from "../../src/runtime/steps.ts";
import { FastClock } from "../support/fast-clock.ts";

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
    const clock = new FastClock(0);
    expect(await runInProcess(threeSteps(effects), { clock })).toBe("1 2");
    expect(effects).toEqual(["first", "second"]);
    expect(clock.now()).toBe(60_000);
  });

  for (const name of ["first", "pause", "second"]) {
    test(`goes on from its log after a death right after ${name}`, async () => {
      const effects: string[] = [];
      const deaths = new Set([name]);
      const dies = (at: CrashPoint) => at.when === "recorded" && deaths.delete(at.name);
      expect(await runInProcess(threeSteps(effects), { clock: new FastClock(0), crashesAt: dies })).toBe(
        "1 2",
      );
      expect(effects).toEqual(["first", "second"]);
    });
  }

  test("runs a step again when it died between the effect and the record", async () => {
    const effects: string[] = [];
    const deaths = new Set(["second"]);
    const dies = (at: CrashPoint) => at.when === "unrecorded" && deaths.delete(at.name);
    await runInProcess(threeSteps(effects), { clock: new FastClock(0), crashesAt: dies });
    expect(effects).toEqual(["first", "second", "second"]);
  });

  test("survives the death of its whole process, because the log is the caller's", async () => {
    const log: StepRecord[] = [];
    const dead = runInProcess(threeSteps([]), {
      clock: new FastClock(0),
      log,
      crashesAt: ({ name }) => name === "pause",
      runsMax: 1,
    });
    await expect(dead).rejects.toThrow("died 1 times");
    const effects: string[] = [];
    expect(await runInProcess(threeSteps(effects), { clock: new FastClock(0), log })).toBe("1 1");
    expect(effects).toEqual(["second"]);
  });

  test("refuses a replay that takes another way than its log", async () => {
    let run = 0;
    const fickle = async (steps: Steps): Promise<void> => {
      run += 1;
      await steps.step(run === 1 ? "here" : "there", async () => run);
    };
    const deaths = new Set(["here"]);
    const dies = (at: CrashPoint) => at.when === "recorded" && deaths.delete(at.name);
    await expect(runInProcess(fickle, { clock: new FastClock(0), crashesAt: dies })).rejects.toThrow(
      "replay differs at operation 0",
    );
  });

  test("refuses two operations side by side: their order could differ in a replay", async () => {
    const both = async (steps: Steps) => {
      await Promise.all([steps.step("a", async () => 1), steps.step("b", async () => 2)]);
    };
    await expect(runInProcess(both, { clock: new FastClock(0) })).rejects.toThrow(
      "in parallel with another operation",
    );
  });

  test("tries a failing step as often as configured, with growing pauses, and throws StepFailed at last", async () => {
    const clock = new FastClock(0);
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
    await expect(runInProcess(refused, { clock: new FastClock(0) })).rejects.toThrow("denied");
    expect(tries).toBe(1);
  });

  test("hands on what JSON keeps, the first time as in a replay", async () => {
    const result = await runInProcess(
      (steps) => steps.step("read", async () => ({ kept: 1, lost: undefined, when: new Date(0) })),
      { clock: new FastClock(0) },
    );
    expect(result).toEqual({ kept: 1, when: "1970-01-01T00:00:00.000Z" });
  });

  describe("that asks", () => {
    const ask = async (steps: Steps): Promise<CallbackResult> => {
      const question = await steps.callback("may I", 3600);
      await steps.step("tell", async () => question.id);
      return await question.answer();
    };
    const yes = { kind: "answered", text: "yes" } as const;
    /** What becomes of the question when `at` milliseconds have passed since it was opened. */
    const answering = (at: number, log: StepRecord[], says: CallbackResult = yes): Clock => {
      const clock = new FastClock(0);
      return {
        now: () => clock.now(),
        sleep: async (milliseconds) => {
          await clock.sleep(milliseconds);
          const [question] = log;
          if (question?.kind === "callback" && clock.now() >= at) answerCallback(question, says, clock.now());
        },
      };
    };

    // biome-ignore format: a table is read by its columns
    const table = [
      ["an answer in time counts",             60_000,    "answered"],
      ["in the last minute too",               3_540_000, "answered"],
      ["one at the end of the time does not",  3_600_000, "expired"],
      ["a later one does not",                 9_000_000, "expired"],
    ] as const;
    for (const [because, at, kind] of table) {
      for (const when of ["never", "recorded", "answered", "tell"] as const) {
        test(`${because}, where the process dies ${when === "tell" ? "after telling" : when}`, async () => {
          const log: StepRecord[] = [];
          const deaths = new Set(["may I", "tell"]);
          const dies = (death: CrashPoint): boolean =>
            (when === "tell" ? death.name === "tell" : death.name === "may I" && death.when === when) &&
            deaths.delete(death.name);
          const answer = await runInProcess(ask, { clock: answering(at, log), log, crashesAt: dies });
          expect(answer.kind).toBe(kind);
          expect(log.map(({ name }) => name)).toEqual(["may I", "tell"]);
        });
      }
    }

    test("takes the first answer, and refuses every other", async () => {
      const log: StepRecord[] = [];
      await runInProcess(ask, { clock: answering(60_000, log), log });
      const [question] = log;
      expect(question?.kind === "callback" && answerCallback(question, { kind: "expired" }, 0)).toBe(
        "closed",
      );
      expect(question).toMatchObject({ answer: yes });
    });

    test("keeps the answer that came while no process ran", async () => {
      const log: StepRecord[] = [];
      const clock = new FastClock(0);
      const dead = runInProcess(ask, { clock, log, crashesAt: ({ name }) => name === "tell", runsMax: 1 });
      await expect(dead).rejects.toThrow("died 1 times");
      const [question] = log;
      if (question?.kind === "callback") answerCallback(question, yes, clock.now());
      expect(await runInProcess(ask, { clock, log })).toEqual(yes);
    });

    test("names a question by its execution: ids of two executions differ", async () => {
      const ids = await Promise.all(
        ["r-1", "r-2"].map((execution) =>
          runInProcess(async (steps) => (await steps.callback("may I", 60)).id, {
            clock: new FastClock(0),
            execution,
          }),
        ),
      );
      expect(new Set(ids).size).toBe(2);
    });
  });

  test("ends a workflow that dies for ever", async () => {
    const forever = runInProcess(threeSteps([]), {
      clock: new FastClock(0),
      crashesAt: () => true,
      runsMax: 5,
    });
    await expect(forever).rejects.toThrow("died 5 times");
  });
});
