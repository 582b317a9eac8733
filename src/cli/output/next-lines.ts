/** What to do next, for a terminal: a sentence, and under it what can be typed or pasted, on lines of its own. */

import { formatRemedy, remedyInLines } from "../../substitution/remedies/format-remedy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";

/** A step may be a sentence and the lines of a difference. @param remedies those that some of the steps say, as data */
export function nextLines(steps: readonly string[], remedies: readonly Remedy[] = []): readonly string[] {
  const known = new Map(remedies.map((remedy) => [formatRemedy(remedy), remedy]));
  return steps.flatMap((step) => {
    const remedy = known.get(step);
    const [sentence, ...lines] = remedy === undefined ? step.split("\n") : remedyInLines(remedy);
    return [`next: ${sentence}`, ...lines.map((line) => `        ${line}`)];
  });
}
