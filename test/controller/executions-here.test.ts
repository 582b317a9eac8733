/** Copies made by the controller's own process: never more at once than a pod has memory for. */

import { expect, test } from "vitest";
import { executionsHere } from "../../src/controller/copies/executions-here.ts";

async function rounds(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await Promise.resolve();
}

test("two copies run at once, also when one is asked for in the moment in which another ends", async () => {
  // The moment between the end of one and the start of the next is some rounds of the queue of promises.
  for (let turns = 0; turns < 12; turns++) {
    const ends = new Map<string, () => void>();
    let running = 0;
    let most = 0;
    const executions = executionsHere(async (name) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.set(String(name), resolve));
      running -= 1;
    });
    const start = (name: string) => executions.start("mirror", name, name);
    for (const name of ["a", "b", "c"]) await start(name);
    ends.get("a")?.();
    await rounds(turns);
    await start("d");
    await rounds(20);
    expect([turns, most, [...ends.keys()]]).toEqual([turns, 2, ["a", "b", "c"]]);
    ends.get("b")?.();
    await rounds(20);
    expect([...ends.keys()]).toEqual(["a", "b", "c", "d"]);
  }
});
