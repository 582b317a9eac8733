/**
 * The mode that tags give: `repull:mode` on a service, else on its cluster.
 *
 * Who may tag a service is not always who answers for the stack. So a tag makes the policy's mode stricter and never
 * freer, unless the policy says that any tag goes; and a tag that nobody understands is read as the strictest.
 */

import { MODES, type Mode, type Policy } from "../substitution/policy.ts";

export const MODE_TAG = "repull:mode";

export type Tags = Readonly<Record<string, string>>;
export type TaggedMode = { readonly mode?: Mode; readonly modeBecause?: string };

/** Nothing where no tag changes the policy's mode. @param bearers who may bear the tag, the nearest first */
export function taggedMode(
  { mode, modeTags }: Pick<Policy, "mode" | "modeTags">,
  bearers: readonly { readonly name: string; readonly tags: Tags }[],
): TaggedMode {
  const said = bearers.flatMap(({ name, tags }) => {
    const value = tags[MODE_TAG]?.trim().toLowerCase();
    return value === undefined ? [] : [wordOf(value, name)];
  });
  const [word] = modeTags === "any" ? said : said.toSorted((one, other) => rank(other.mode) - rank(one.mode));
  if (word === undefined || word.mode === mode) return {};
  return modeTags === "any" || rank(word.mode) > rank(mode) ? word : {};
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
