/**
 * The tag `repull`: what bears it with any word but yes is left alone.
 *
 * The tag keeps Repull away; an unknown word is meant so too. Case and spaces do not count, in
 * the key as in the value: AWS distinguishes `Repull` and `repull`, and people do not.
 */

import { removeTag, setTag } from "../report/remedies-of-refusal.ts";
import type { TaggedResource, Tags } from "./tagged-resource.ts";
import type { NotEligible } from "./types.ts";

const OPT_OUT_TAG = "repull";

const ON: readonly string[] = ["on", "true", "yes", "enabled"];
const OFF: readonly string[] = ["off", "false", "no", "disabled", "never", "0"];

/** The workload opted out: the first of the tagged resources that says so. */
export function optedOut(taggedResources: readonly TaggedResource[]): NotEligible | undefined {
  for (const bearer of taggedResources) {
    const { name, tags } = bearer;
    const said = tagsNamed(tags, OPT_OUT_TAG).filter(({ value }) => !ON.includes(value));
    const [first] = said.toSorted(
      (one, other) => Number(OFF.includes(other.value)) - Number(OFF.includes(one.value)),
    );
    if (first === undefined) continue;
    const tag = `tag ${OPT_OUT_TAG}=${first.value}`;
    const keys = said.map(({ key }) => key);
    if (OFF.includes(first.value))
      return {
        kind: "not-eligible",
        reason: "opted-out",
        because: `${name} opted out (${tag})`,
        remedies: removeTag(bearer, keys),
      };
    return {
      kind: "not-eligible",
      reason: "opt-out-unclear",
      because: `${name} counts as opted out: Repull does not know the value of its ${tag}`,
      remedies: keys.length === 1 ? setTag(bearer, first.key, "on") : removeTag(bearer, keys),
    };
  }
  return undefined;
}

/** What a tag says, whatever the case of its key: AWS keeps both `Repull` and `repull`. */
export function tagsNamed(
  tags: Tags,
  wanted: string,
): readonly { readonly key: string; readonly value: string }[] {
  return Object.entries(tags).flatMap(([key, value]) =>
    key.trim().toLowerCase() === wanted ? { key, value: value.trim().toLowerCase() } : [],
  );
}
