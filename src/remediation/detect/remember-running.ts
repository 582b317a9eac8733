/**
 * Executions that were running a moment ago need no call to Lambda: a storm brings thirty events of a deployment in a minute.
 *
 * What is remembered changes no verdict. An execution that was seen running ended later than that, and for the first five
 * minutes after its end, however it ended, no failure starts another attempt; it is remembered for a fifth of that.
 */

import type { Clock } from "../../runtime/clock.ts";
import type { Executions } from "../ports/ports.ts";

/** Well below the shortest pause between two attempts: `backoffMinutes(1)`. */
export const REMEMBERED_MS = 60_000;
const NAMES_MAX = 2_000;

/** The same executions, asked once for what several messages need at once, and not again for what runs. */
export function rememberRunning(executions: Executions, clock: Pick<Clock, "now">): Executions {
  const runningAt = new Map<string, number>();
  const starting = new Map<string, ReturnType<Executions["start"]>>();
  const asking = new Map<string, ReturnType<Executions["status"]>>();

  const isRunning = (key: string): boolean => {
    const at = runningAt.get(key);
    return at !== undefined && clock.now() - at < REMEMBERED_MS;
  };
  /** @param at when it was asked: it was running then, or began later */
  const remember = (key: string, at: number): void => {
    runningAt.delete(key);
    runningAt.set(key, at);
    const [oldest] = runningAt.keys();
    if (runningAt.size > NAMES_MAX && oldest !== undefined) runningAt.delete(oldest);
  };

  return {
    functionName: (workflow) => executions.functionName(workflow),

    async start(workflow, name, input) {
      const key = `${workflow} ${name}`;
      if (isRunning(key)) return "taken";
      // One that fails is each message's own failure, and each is delivered again.
      const underWay = starting.get(key);
      if (underWay !== undefined) {
        await underWay;
        return "taken";
      }
      const at = clock.now();
      const start = executions.start(workflow, name, input);
      starting.set(key, start);
      try {
        const started = await start;
        if (started === "started") remember(key, at);
        return started;
      } finally {
        starting.delete(key);
      }
    },

    async status(workflow, name) {
      const key = `${workflow} ${name}`;
      if (isRunning(key)) return { status: "running" };
      const known = asking.get(key);
      if (known !== undefined) return await known;
      const at = clock.now();
      const ask = executions.status(workflow, name);
      asking.set(key, ask);
      try {
        const status = await ask;
        if (status?.status === "running") remember(key, at);
        return status;
      } finally {
        asking.delete(key);
      }
    },
  };
}
