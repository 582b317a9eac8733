/** One rule of the product. */

import type { Action } from "../action.ts";
import type { Context } from "../context.ts";
import type { Seen } from "../seen.ts";
import type { State } from "../state.ts";

/** An action, or undefined: the next rule decides. */
export type Rule = (state: State, seen: Seen, context: Context) => Action | undefined;
