/**
 * The mode that tags give: `repull:mode` on whatever takes part in a failure.
 *
 * Who may tag a service is not always who answers for the stack. So a tag makes the policy's mode stricter and never
 * freer; the strictest word counts; and an unknown word is read as the strictest.
 */

import type { Policy } from "../../substitution/policy/policy-in-force.ts";
import { MODES, type Mode } from "../../substitution/policy/stack-settings.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { removeTag } from "../report/remedies-of-refusal.ts";
import { tagsNamed } from "./opt-out.ts";
import type { TaggedResource } from "./tagged-resource.ts";

const MODE_TAG = "repull:mode";

export type ModeOverride = {
  readonly mode?: Mode;
  readonly modeBecause?: string;
  /** What lets the policy's own mode count again. */
  readonly modeRemedies?: readonly Remedy[];
};

/** Nothing where no tag makes the policy's mode stricter. @param bearers who may bear the tag */
export function modeFromTags(
  { mode }: Pick<Policy, "mode">,
  taggedResources: readonly TaggedResource[],
): ModeOverride {
  const said = taggedResources.flatMap((bearer) =>
    tagsNamed(bearer.tags, MODE_TAG).map(({ key, value }) => parseMode(value, key, bearer)),
  );
  const [word] = said.toSorted((one, other) => rank(other.mode) - rank(one.mode));
  return word !== undefined && rank(word.mode) > rank(mode) ? word : {};
}

function parseMode(value: string, key: string, bearer: TaggedResource): Required<ModeOverride> {
  const mode = MODES.find((one) => one === value);
  const tag = `the tag ${MODE_TAG}=${value} of ${bearer.name}`;
  const modeRemedies = removeTag(bearer, [key]);
  return mode === undefined
    ? { mode: "observe", modeBecause: `${tag} names no mode, which counts as observe`, modeRemedies }
    : { mode, modeBecause: `${tag} sets the mode to ${mode}`, modeRemedies };
}

function rank(mode: Mode): number {
  return MODES.indexOf(mode);
}
