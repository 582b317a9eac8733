/**
 * Writes whose rate AWS bounds for the whole account, when hundreds of services fail in one minute.
 *
 * RegisterTaskDefinition allows 20 calls at once and then one a second, for all callers together. A throttled execution
 * waits durably, at no cost, until a moment of its own: the execution's name decides it, so that a replay agrees.
 */

import { createHash } from "node:crypto";

const SPREAD_SECONDS_FIRST = 30;
const SPREAD_SECONDS_MAX = 480;

/** Whose write it is, and whether tasks of the service still serve: then those that are down go first. */
export type WriteRequester = { readonly execution: string; readonly isServing: boolean };

/**
 * When to try again after so many throttled attempts: evenly spread over a span that doubles. A service that merely
 * lacks a task tries four times less often, and so leaves the quota to those without any running task.
 */
export function throttleBackoffSeconds({ execution, isServing }: WriteRequester, attempt: number): number {
  const doublings = isServing ? attempt + 1 : attempt - 1;
  const spread = Math.min(SPREAD_SECONDS_MAX, SPREAD_SECONDS_FIRST * 2 ** doublings);
  const [one = 0, two = 0] = createHash("sha256").update(`${execution} ${attempt}`).digest();
  return 1 + (isServing ? SPREAD_SECONDS_FIRST : 0) + ((one * 256 + two) % spread);
}
