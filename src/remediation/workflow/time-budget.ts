/**
 * The one time budget of a remediation: how long it may take before its write, whatever it waits for meanwhile.
 *
 * A question to the operator and a rollout have bounds of their own, and do not count here. The only clock is the time of
 * the observations, and what was waited since the last of them.
 */

import { optional } from "../../ecs/json-fields.ts";
import { APPROVAL_HOURS_MAX } from "../../substitution/policy/limits.ts";
import type { State, TimeSpent } from "./state.ts";

export const TIME_BUDGET_HOURS = 24;
/** All rollouts that one execution watches. */
export const ROLLOUT_HOURS_MAX = 18;
const ROLLBACK_HOURS_MAX = 1;
/** What follows the budget: rollouts, a rollback, and an hour for what AWS delays. */
const HOURS_AFTER_BUDGET = ROLLOUT_HOURS_MAX + ROLLBACK_HOURS_MAX + 1;
/** Lambda ends an execution at its `ExecutionTimeout`, in the middle of whatever it does: no remediation takes so long. */
export const EXECUTION_HOURS_MAX = APPROVAL_HOURS_MAX + TIME_BUDGET_HOURS + HOURS_AFTER_BUDGET;

export function afterObservation({ askedAt, ...time }: TimeSpent, at: number): TimeSpent {
  const asked = askedAt === undefined ? 0 : Math.max(0, at - askedAt) / 1000;
  return { startedAt: at, ...time, now: at, approvalSeconds: time.approvalSeconds + asked };
}

export function afterWait<S extends Pick<State, "time">>(state: S, seconds: number): S {
  const { now } = state.time;
  return now === undefined ? state : { ...state, time: { ...state.time, now: now + seconds * 1000 } };
}

export function afterQuestion(time: TimeSpent): TimeSpent {
  return { ...time, ...optional("askedAt", time.now) };
}

/** What is left of the budget. */
export function secondsLeft({ time, watchedSeconds }: Pick<State, "time" | "watchedSeconds">): number {
  const { startedAt = 0, now = 0, approvalSeconds } = time;
  return TIME_BUDGET_HOURS * 3600 + approvalSeconds + watchedSeconds - (now - startedAt) / 1000;
}

/** How long the next question may stay open: each as long as the policy says, and all of them so long at the most. */
export function questionSeconds({ time }: Pick<State, "time">, approvalHours: number): number {
  return Math.max(0, Math.min(approvalHours * 3600, APPROVAL_HOURS_MAX * 3600 - time.approvalSeconds));
}
