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

test("copies that nothing waits for run one at a time, and a copy that pods wait for does not wait for them", async () => {
  const ends = new Map<string, () => void>();
  const executions = executionsHere(async (request) => {
    const { name } = request as { name: string };
    await new Promise<void>((resolve) => ends.set(name, resolve));
  });
  const start = (name: string, ahead: boolean) =>
    executions.start("mirror", name, { name, ...(ahead ? { ahead } : {}) });
  for (const name of ["a1", "a2"]) await start(name, true);
  expect([...ends.keys()]).toEqual(["a1"]);
  for (const name of ["p1", "p2"]) await start(name, false);
  expect([...ends.keys()]).toEqual(["a1", "p1"]);
  ends.get("a1")?.();
  await rounds(20);
  expect([...ends.keys()]).toEqual(["a1", "p1", "p2"]);
  ends.get("p1")?.();
  await rounds(20);
  expect([...ends.keys()]).toEqual(["a1", "p1", "p2", "a2"]);
});

test("a copy that has ended says when, so that one that failed is tried again after its pause", async () => {
  let now = 1_000;
  const executions = executionsHere(
    async (name) => {
      if (name === "bad") throw new Error("no");
    },
    { now: () => now },
  );
  await executions.start("mirror", "good", "good");
  await rounds(20);
  now = 2_000;
  await executions.start("mirror", "bad", "bad");
  await rounds(20);
  expect(await executions.status("mirror", "good")).toMatchObject({ status: "succeeded", endedAt: 1_000 });
  expect(await executions.status("mirror", "bad")).toMatchObject({ status: "failed", endedAt: 2_000 });
});

test("a copy that waited until its process led no longer is not begun, and is taken up when it leads again", async () => {
  const ends = new Map<string, () => void>();
  let isLeading = true;
  const executions = executionsHere(
    async (name) => {
      await new Promise<void>((resolve) => ends.set(String(name), resolve));
    },
    undefined,
    () => isLeading,
  );
  const start = (name: string) => executions.start("mirror", name, name);
  for (const name of ["a", "b", "c", "d"]) await start(name);
  isLeading = false;
  for (const name of ["a", "b"]) ends.get(name)?.();
  await rounds(20);
  expect([...ends.keys()]).toEqual(["a", "b"]);
  expect([await executions.status("mirror", "a"), await executions.status("mirror", "c")]).toMatchObject([
    { status: "succeeded" },
    undefined,
  ]);
  isLeading = true;
  expect([await start("c"), [...ends.keys()]]).toEqual(["started", ["a", "b", "c"]]);
});
