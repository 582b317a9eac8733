import { expect, test } from "vitest";
import { followWallClock } from "../../../src/sandbox/endpoint/wall-clock.ts";
import { createVirtualClock } from "../../../src/sandbox/virtual-clock.ts";

function realTime() {
  let now = 5_000;
  const waiting = new Set<() => void>();
  return {
    now: () => now,
    after(_milliseconds: number, run: () => void) {
      waiting.add(run);
      return () => void waiting.delete(run);
    },
    pass(milliseconds: number) {
      now += milliseconds;
      for (const run of [...waiting]) {
        waiting.delete(run);
        run();
      }
    },
    waiting,
  };
}

test("a world follows the clock on the wall, so many times as fast, and no further once it is stopped", async () => {
  const real = realTime();
  const world = createVirtualClock(1_000_000);
  const follower = followWallClock(world, 10, real);
  real.pass(200);
  await follower.catchUp();
  expect(world.now()).toBe(1_002_000);
  follower.stop();
  real.pass(200);
  expect(world.now()).toBe(1_002_000);
  expect(real.waiting.size).toBe(0);
});

test("what happens in the world before a request is there when the request is answered", async () => {
  const real = realTime();
  const world = createVirtualClock(0);
  const happened: number[] = [];
  world.schedule(50, () => happened.push(world.now()));
  const follower = followWallClock(world, 1, real);
  real.pass(60);
  await follower.catchUp();
  expect(happened).toEqual([50]);
  follower.stop();
});
