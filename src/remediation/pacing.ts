/**
 * Writes whose rate AWS bounds for the whole account, when hundreds of services fail in one minute.
 *
 * RegisterTaskDefinition is let through 20 times at once and then once a second, whoever calls. Who is turned away
 * waits durably, at no cost, until a moment of its own: the execution's name decides it, so that a replay agrees.
 */

import { createHash } from "node:crypto";
import type { Steps } from "../runtime/steps.ts";
import { AwsError } from "./aws-error.ts";

/** With the spread at its bound, some fifteen minutes on average: more than ten thousand registrations take hours anyway. */
const TURNS_MAX = 10;
const SPREAD_SECONDS_FIRST = 30;
const SPREAD_SECONDS_MAX = 480;

/** Whose write it is, and whether tasks of the service still serve: then those that are down go first. */
export type Waiting = { readonly execution: string; readonly isServing: boolean };

/**
 * When to come back after being turned away so many times: evenly spread over a span that doubles. A service that merely
 * lacks a task asks four times less often, and so leaves the turns to those of which nothing runs.
 */
export function secondsBeforeNextTurn({ execution, isServing }: Waiting, turn: number): number {
  const doublings = isServing ? turn + 1 : turn - 1;
  const spread = Math.min(SPREAD_SECONDS_MAX, SPREAD_SECONDS_FIRST * 2 ** doublings);
  const [one = 0, two = 0] = createHash("sha256").update(`${execution} ${turn}`).digest();
  return 1 + (isServing ? SPREAD_SECONDS_FIRST : 0) + ((one * 256 + two) % spread);
}

type Turn<T> = { readonly done: T } | { readonly throttled: true };

/** Runs a step that writes; throttled, it comes back in its turn, and at the last one fails as any step does. */
export async function inTurn<T>(
  name: string,
  run: () => Promise<T>,
  waiting: Waiting,
  steps: Steps,
): Promise<T> {
  for (let turn = 1; ; turn++) {
    const label = turn === 1 ? name : `${name}, turn ${turn}`;
    const result = await steps.step<Turn<T>>(
      label,
      async () => {
        try {
          return { done: await run() };
        } catch (error) {
          const isLast = turn === TURNS_MAX;
          if (!isLast && error instanceof AwsError && error.kind === "throttled") return { throttled: true };
          throw error;
        }
      },
      { attempts: 6 },
    );
    if ("done" in result) return result.done;
    await steps.wait(`${label}, throttled`, secondsBeforeNextTurn(waiting, turn));
  }
}
