/**
 * What a remediation does next: the product's rules, from top to bottom. The first rule that answers decides.
 *
 * Rules are pure: they know the state, one observation and the settings, and the observation's time is their only clock.
 */

import type { Action } from "./action.ts";
import type { Context } from "./context.ts";
import { AFTER_OUR_WRITE } from "./rules/after-our-write.ts";
import { BEFORE_OUR_WRITE } from "./rules/before-our-write.ts";
import type { Rule } from "./rules/rule.ts";
import type { Seen } from "./seen.ts";
import { isAfterOurWrite, type State } from "./state.ts";

export function decide(state: State, seen: Seen, context: Context): Action {
  const rules: readonly Rule[] = isAfterOurWrite(state) ? AFTER_OUR_WRITE : BEFORE_OUR_WRITE;
  for (const rule of rules) {
    const action = rule(state, seen, context);
    if (action !== undefined) return action;
  }
  throw new Error("the last rule of each list answers");
}
