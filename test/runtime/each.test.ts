/** Steps side by side: the same promises from AWS's engine and from its twin, and the twin's deaths between them. */

import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { describe, expect, test } from "vitest";
import { durableSteps } from "../../src/runtime/durable-steps.ts";
import { type Death, runInProcess, type StepRecord } from "../../src/runtime/in-process-steps.ts";
import { StepFailed, type Steps } from "../../src/runtime/steps.ts";
import { inOfficialEnvironment } from "../support/scenario.ts";

inOfficialEnvironment();

const clock = { now: () => 0, sleep: async () => {} };
const NUMBERS = [1, 2, 3, 4, 5, 6, 7];

type Workflow = (steps: Steps) => Promise<unknown>;
const engines: Readonly<Record<string, (workflow: Workflow) => Promise<unknown>>> = {
  twin: (workflow) => runInProcess(workflow, { clock }),
  async official(workflow) {
    const handlerFunction = withDurableExecution(async (_: unknown, context) =>
      workflow(durableSteps(context)),
    );
    return (await new LocalDurableTestRunner({ handlerFunction }).run()).getResult();
  },
};

for (const [engine, run] of Object.entries(engines)) {
  describe(`steps side by side, on the ${engine} engine`, () => {
    test("answer in the order of their items, and no more are under way than may be", async () => {
      let underWay = 0;
      let most = 0;
      const squares = await run((steps) =>
        steps.each(
          "square",
          NUMBERS,
          async (number) => {
            underWay += 1;
            most = Math.max(most, underWay);
            await new Promise((resolve) => setImmediate(resolve));
            underWay -= 1;
            return number * number;
          },
          { atOnce: 3 },
        ),
      );
      expect(squares).toEqual([1, 4, 9, 16, 25, 36, 49]);
      expect(most).toBe(3);
    });

    test("leave the steps after them in their places, whatever fails", async () => {
      const done: number[] = [];
      const told = await run(async (steps) => {
        const work = async (number: number): Promise<void> => {
          if (number % 3 === 0) throw new Error(`${number} is not for us`);
          done.push(number);
        };
        const failure = await steps
          .each("work", NUMBERS, work, { atOnce: 2, attempts: 1 })
          .catch((error: unknown) => error as StepFailed);
        await steps.wait("a pause, and so a replay", 60);
        const after = await steps.step("after", async () => "after");
        return failure instanceof StepFailed ? [failure.step, failure.message, after] : "nothing failed";
      });
      expect(told).toEqual(["work 3", "3 is not for us", "after"]);
      expect(done.sort()).toEqual([1, 2, 4, 5, 7]);
    });

    test("are tried again each by itself", async () => {
      const tries = new Map<number, number>();
      const answers = await run((steps) =>
        steps.each(
          "try",
          NUMBERS,
          async (number) => {
            const count = (tries.get(number) ?? 0) + 1;
            tries.set(number, count);
            if (number === 4 && count < 3) throw new Error("not yet");
            return count;
          },
          { atOnce: 7, attempts: 3 },
        ),
      );
      expect(answers).toEqual([1, 1, 1, 3, 1, 1, 1]);
    });

    test("of nothing are nothing", async () => {
      expect(await run((steps) => steps.each("none", [], async () => 1, { atOnce: 3 }))).toEqual([]);
    });
  });
}

describe("a process that dies among steps side by side", () => {
  /** Runs over all deaths; how often each piece's effect took place. */
  async function effects(dies: (death: Death) => boolean): Promise<readonly number[]> {
    const counts = NUMBERS.map(() => 0);
    const workflow = async (steps: Steps): Promise<string> => {
      await steps.step("before", async () => {});
      await steps.each(
        "piece",
        NUMBERS,
        async (number) => {
          counts[number - 1] = (counts[number - 1] ?? 0) + 1;
        },
        { atOnce: 1 },
      );
      return await steps.step("after", async () => "done");
    };
    expect(await runInProcess(workflow, { clock, dies })).toBe("done");
    return counts;
  }

  test("after a record repeats nothing", async () => {
    const died = new Set<string>();
    const counts = await effects(({ name, when }) => {
      if (when === "unrecorded" || died.has(name)) return false;
      died.add(name);
      return true;
    });
    expect(counts).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect([...died]).toContain("piece 7");
  });

  test("before a record repeats that piece alone", async () => {
    let hasDied = false;
    const counts = await effects(({ name, when }) => {
      if (name !== "piece 5" || when !== "unrecorded" || hasDied) return false;
      hasDied = true;
      return true;
    });
    expect(counts).toEqual([1, 1, 1, 1, 2, 1, 1]);
  });

  test("goes on over a log that was left in the middle", async () => {
    const log: StepRecord[] = [];
    const work = (steps: Steps) => steps.each("piece", NUMBERS, async (number) => number, { atOnce: 2 });
    const dead = runInProcess(work, {
      clock,
      log,
      dies: ({ name }) => name === "piece 4",
      runsMax: 1,
    });
    await expect(dead).rejects.toThrow("died 1 times");
    expect(log.every(({ kind }) => kind === "piece")).toBe(true);
    expect(await runInProcess(work, { clock, log })).toEqual(NUMBERS);
  });
});
