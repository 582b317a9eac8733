import { describe, expect, test } from "vitest";
import { createExecutions, type SandboxExecutions } from "../../../src/sandbox/aws/durable-executions.ts";
import { createVirtualClock, type VirtualClock } from "../../../src/sandbox/virtual-clock.ts";

const START = Date.parse("2026-01-20T10:00:00Z");

function engine(): { clock: VirtualClock; executions: SandboxExecutions } {
  const clock = createVirtualClock(START);
  return { clock, executions: createExecutions(clock) };
}

describe("executions in the sandbox", () => {
  test("wait side by side while the world goes on", async () => {
    const { clock, executions } = engine();
    const told: string[] = [];
    executions.serve("remediate", async (input, steps, name) => {
      for (const round of [1, 2]) {
        await steps.wait(`pause ${round}`, Number(input));
        await steps.step(
          `tell ${round}`,
          async () => void told.push(`${name} ${(clock.now() - START) / 1000}`),
        );
      }
    });
    await executions.port.start("remediate", "r-slow", 60);
    await executions.port.start("remediate", "r-quick", 20);
    await clock.advanceTo(START + 300_000);
    expect(told).toEqual(["r-quick 20.5", "r-quick 40.5", "r-slow 60.5", "r-slow 120.5"]);
  });

  test("that die after any step go on from their log, and do nothing twice that was recorded", async () => {
    const { clock, executions } = engine();
    const done: string[] = [];
    executions.serve("mirror", async (_input, steps) => {
      await steps.step("one", async () => void done.push("one"));
      await steps.wait("rest", 3600);
      await steps.step("two", async () => void done.push("two"));
      return "copied";
    });
    const deaths: string[] = [];
    executions.dies(({ name, when }) => {
      const death = `${name} ${when}`;
      if (deaths.includes(death)) return false;
      deaths.push(death);
      return true;
    });
    await executions.port.start("mirror", "m-1", null);
    await clock.advanceTo(START + 2 * 3_600_000);
    expect(deaths).toEqual([
      "one unrecorded",
      "one recorded",
      "rest recorded",
      "two unrecorded",
      "two recorded",
    ]);
    // At least once: the effect came twice where the process died before its record.
    expect(done).toEqual(["one", "one", "two", "two"]);
    expect(executions.records).toMatchObject([{ status: "succeeded", result: "copied" }]);
  });

  test("may be started by one another", async () => {
    const { clock, executions } = engine();
    executions.serve("mirror", async (_input, steps) => await steps.wait("copy", 30));
    executions.serve("remediate", async (_input, steps) => {
      await steps.step("start the copy", () => executions.port.start("mirror", "m-1", null));
      for (let look = 1; ; look++) {
        const copy = await steps.step(
          `look ${look}`,
          async () => (await executions.port.status("mirror", "m-1"))?.status ?? "absent",
        );
        if (copy === "succeeded") return look;
        await steps.wait(`pause ${look}`, 10);
      }
    });
    await executions.port.start("remediate", "r-1", null);
    await clock.advanceTo(START + 120_000);
    expect(executions.records).toMatchObject([
      { name: "r-1", status: "succeeded", result: 5 },
      { name: "m-1", status: "succeeded" },
    ]);
  });

  for (const [executionNames, second] of [
    ["per-function", "started"],
    ["per-account", "taken"],
  ] as const) {
    test(`of two functions with one name: the second is ${second} where names are ${executionNames}`, async () => {
      const executions = createExecutions(createVirtualClock(START), { executionNames });
      for (const workflow of ["remediate", "mirror"] as const) executions.serve(workflow, async () => "done");
      expect(await executions.port.start("remediate", "same", null)).toBe("started");
      expect(await executions.port.start("mirror", "same", null)).toBe(second);
    });
  }

  test("whose replay differs are a bug that stops the world", async () => {
    const { clock, executions } = engine();
    let runs = 0;
    executions.serve("remediate", async (_input, steps) => {
      runs += 1;
      await steps.step(runs === 1 ? "left" : "right", async () => "there");
    });
    executions.dies(({ when }) => when === "recorded" && runs === 1);
    await executions.port.start("remediate", "r-1", null);
    await expect(clock.advanceTo(START + 60_000)).rejects.toThrow("replay differs at operation 0");
  });
});
