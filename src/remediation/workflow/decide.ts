/**
 * What a remediation does next: the product's rules, from top to bottom. The first rule that answers decides.
 *
 * Rules are pure: they know the state, one observation and the settings, and the observation's time is their only clock.
 */

import { optional } from "../../ecs/json-fields.ts";
import type { Action } from "./action.ts";
import type { Context } from "./context.ts";
import { AFTER_OUR_WRITE } from "./rules/after-our-write.ts";
import { BEFORE_OUR_WRITE } from "./rules/before-our-write.ts";
import type { Rule } from "./rules/rule.ts";
import type { Seen } from "./seen.ts";
import { isAfterOurWrite, type State } from "./state.ts";
import { secondsLeft } from "./time-budget.ts";

export function decide(state: State, seen: Seen, context: Context): Action {
  if (isAfterOurWrite(state)) return firstAnswer(AFTER_OUR_WRITE, state, seen, context);
  return withinBudget(firstAnswer(BEFORE_OUR_WRITE, state, seen, context), state);
}

function firstAnswer(rules: readonly Rule[], state: State, seen: Seen, context: Context): Action {
  for (const rule of rules) {
    const action = rule(state, seen, context);
    if (action !== undefined) return action;
  }
  throw new Error("the last rule of each list answers");
}

/** A wait before our write ends with the time budget at the latest, and the state remembers what that end is called. */
function withinBudget(action: Action, state: State): Action {
  if (action.kind !== "wait") return action;
  const { timeOver: _, ...after } = action.state;
  const seconds = Math.min(action.seconds, Math.max(1, Math.ceil(secondsLeft(state))));
  return { ...action, seconds, state: { ...after, ...optional("timeOver", action.timeOver) } };
}
