/**
 * Lets a world go on while real time passes, as fast as it does or faster.
 *
 * The world moves in small steps between requests; each request first brings it to the present, so that what a client
 * reads is never older than its question.
 */

import { type Clock, systemClock, type Timer } from "../../runtime/clock.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import type { SandboxTime } from "./sandbox-clock.ts";

const STEP_MS = 100;

export type WallClock = {
  /** By which a command in another process lives in the same time. */
  readonly time: SandboxTime;
  /** Brings the world to the present. */
  catchUp(): Promise<void>;
  stop(): void;
};

/** @param speed how many seconds of the world pass in one second: 1 or more */
export function followWallClock(
  world: VirtualClock,
  speed: number,
  real: Pick<Clock, "now"> & Timer = systemClock,
): WallClock {
  const began = real.now();
  const worldBegan = world.now();
  let isStopped = false;
  let callOff = (): void => {};
  const catchUp = async (): Promise<void> => {
    await world.advanceTo(Math.max(world.now(), worldBegan + (real.now() - began) * speed));
  };
  const step = (): void => {
    callOff = real.after(STEP_MS, () => {
      catchUp().finally(() => {
        if (!isStopped) step();
      });
    });
  };
  step();
  return {
    time: { realStart: began, sandboxStart: worldBegan, speed },
    catchUp,
    stop() {
      isStopped = true;
      callOff();
    },
  };
}
