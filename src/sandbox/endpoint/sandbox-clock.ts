/**
 * The clock of a served sandbox, as one setting: by it a command in another process lives in the same time as the sandbox.
 *
 * `2026-11-29T10:00:00.000Z/2026-11-29T12:00:00.000Z/60` says that at the first moment it was the second one in the sandbox, and
 * that a minute passes there in each second since.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";

export const CLOCK_VARIABLE = "REPULL_SANDBOX_CLOCK";

export type SandboxTime = {
  /** Milliseconds since the epoch: outside, when the sandbox began. */
  readonly realStart: number;
  /** The same moment in the sandbox. */
  readonly sandboxStart: number;
  /** Seconds of the sandbox in one second: 1 or more. */
  readonly speed: number;
};

export function formatSandboxTime({ realStart, sandboxStart, speed }: SandboxTime): string {
  return [new Date(realStart).toISOString(), new Date(sandboxStart).toISOString(), speed].join("/");
}

/** Throws InvalidInput. */
export function parseSandboxTime(text: string): SandboxTime {
  const [real = "", sandbox = "", times = "", ...rest] = text.split("/");
  const [realStart, sandboxStart, speed] = [Date.parse(real), Date.parse(sandbox), Number(times)];
  if (Number.isNaN(realStart) || Number.isNaN(sandboxStart) || !(speed >= 1) || rest.length > 0)
    throw new InvalidInput(CLOCK_VARIABLE, `what repull sandbox serve prints, got ${JSON.stringify(text)}`);
  return { realStart, sandboxStart, speed };
}

/**
 * Begins in the sandbox's present, and makes a pause as short as the sandbox does. Between two pauses its time is the machine's: a
 * request takes as long as ever, however fast the sandbox is, and a limit on one must not be over sooner.
 */
export function sandboxClock(
  { realStart, sandboxStart, speed }: SandboxTime,
  real: Clock & Timer,
): Clock & Timer {
  let ahead = sandboxStart - realStart + (real.now() - realStart) * (speed - 1);
  const now = (): number => real.now() + ahead;
  return {
    now,
    async sleep(milliseconds, signal) {
      const until = now() + milliseconds;
      await real.sleep(milliseconds / speed, signal);
      ahead = Math.max(ahead, until - real.now());
    },
    after: real.after,
  };
}
