/**
 * Writes whose rate AWS bounds for the whole account, when hundreds of services fail in one minute.
 *
 * RegisterTaskDefinition is let through 20 times at once and then once a second, whoever calls. Who is turned away
 * waits durably, at no cost, until a moment of its own: the execution's name decides it, so that a replay agrees.
 */

import { createHash } from "node:crypto";

const SPREAD_SECONDS_FIRST = 30;
const SPREAD_SECONDS_MAX = 480;

/** Whose write it is, and whether tasks of the service still serve: then those that are down go first. */
export type WriteRequester = { readonly execution: string; readonly isServing: boolean };

/**
 * When to come back after being turned away so many times: evenly spread over a span that doubles. A service that merely
 * lacks a task asks four times less often, and so leaves the turns to those of which nothing runs.
 */
export function throttleBackoffSeconds({ execution, isServing }: WriteRequester, turn: number): number {
  const doublings = isServing ? turn + 1 : turn - 1;
  const spread = Math.min(SPREAD_SECONDS_MAX, SPREAD_SECONDS_FIRST * 2 ** doublings);
  const [one = 0, two = 0] = createHash("sha256").update(`${execution} ${turn}`).digest();
  return 1 + (isServing ? SPREAD_SECONDS_FIRST : 0) + ((one * 256 + two) % spread);
}
