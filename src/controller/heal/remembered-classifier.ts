/** The classifier, which reads each text once: thousands of pods wait with the same few words. */

import { classify } from "../../pull-failure/classify.ts";
import type { Classification } from "../../pull-failure/types.ts";

const CLASSIFIED_MAX = 2_000;

export function rememberedClassifier(): (message: string, image: string) => Classification {
  const known = new Map<string, Classification>();
  return (message, image) => {
    const key = `${image}\n${message}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size >= CLASSIFIED_MAX) known.clear();
    const found = classify(message, image);
    known.set(key, found);
    return found;
  };
}
