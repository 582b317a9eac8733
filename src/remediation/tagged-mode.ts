/**
 * The mode that tags give: `repull:mode` on whatever takes part in a failure.
 *
 * Who may tag a service is not always who answers for the stack. So a tag makes the policy's mode stricter and never
 * freer; the strictest word counts; and a word that nobody understands is read as the strictest.
 */

import { MODES, type Mode, type Policy } from "../substitution/policy.ts";
import { type TagBearer, tagValues } from "./opt-out.ts";

export const MODE_TAG = "repull:mode";

export type TaggedMode = { readonly mode?: Mode; readonly modeBecause?: string };

/** Nothing where no tag makes the policy's mode stricter. @param bearers who may bear the tag */
export function taggedMode({ mode }: Pick<Policy, "mode">, bearers: readonly TagBearer[]): TaggedMode {
  const said = bearers.flatMap(({ name, tags }) =>
    tagValues(tags, MODE_TAG).map((value) => wordOf(value, name)),
  );
  const [word] = said.toSorted((one, other) => rank(other.mode) - rank(one.mode));
  return word !== undefined && rank(word.mode) > rank(mode) ? word : {};
}

function wordOf(value: string, name: string): { readonly mode: Mode; readonly modeBecause: string } {
  const mode = MODES.find((one) => one === value);
  const tag = `the tag ${MODE_TAG}=${value} of ${name}`;
  return mode === undefined
    ? { mode: "observe", modeBecause: `${tag} is no mode, and so counts as observe` }
    : { mode, modeBecause: `${tag} says ${mode}` };
}

function rank(mode: Mode): number {
  return MODES.indexOf(mode);
}
