/**
 * The tag `repull`: what bears it with any word but yes is left alone.
 *
 * Whoever writes it wants Repull away; a word that is not understood was meant so too. Case and spaces do not count, in
 * the key as in the value: AWS tells `Repull` from `repull`, and people do not.
 */

import type { Declined } from "./survey.ts";

export const OPT_OUT_TAG = "repull";

const ON: readonly string[] = ["on", "true", "yes", "enabled"];
const OFF: readonly string[] = ["off", "false", "no", "disabled", "never", "0"];

export type Tags = Readonly<Record<string, string>>;
/** Something with tags, and how people name it. */
export type TagBearer = { readonly name: string; readonly tags: Tags };

/** Its owner wants it left alone: the first of the bearers that says so. */
export function optedOut(bearers: readonly TagBearer[]): Declined | undefined {
  for (const { name, tags } of bearers) {
    const words = tagValues(tags, OPT_OUT_TAG).filter((word) => !ON.includes(word));
    const [word] = words.toSorted((one, other) => Number(OFF.includes(other)) - Number(OFF.includes(one)));
    if (word === undefined) continue;
    const tag = `tag ${OPT_OUT_TAG}=${word}`;
    return OFF.includes(word)
      ? { kind: "declined", reason: "opted-out", because: `${name} opted out (${tag})`, nextSteps: [] }
      : {
          kind: "declined",
          reason: "opt-out-unclear",
          because: `${name} counts as opted out: the ${tag} is no word that Repull knows`,
          nextSteps: [
            `write ${OPT_OUT_TAG}=off to keep Repull away from ${name}, or ${OPT_OUT_TAG}=on to let it act`,
          ],
        };
  }
  return undefined;
}

/** What a tag says, whatever the case of its key: AWS keeps `Repull` and `repull` beside each other. */
export function tagValues(tags: Tags, key: string): readonly string[] {
  return Object.entries(tags).flatMap(([name, value]) =>
    name.trim().toLowerCase() === key ? value.trim().toLowerCase() : [],
  );
}
