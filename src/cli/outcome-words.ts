/** An outcome as a person reads it: how it ended, what changed, what to do next. */

import { OUTCOMES } from "../remediation/outcome.ts";
import { inShort } from "../substitution/explain.ts";
import { revisionName } from "../workload/arn.ts";
import type { Replayed } from "./replay.ts";

/** The lines of an outcome, indented by two. */
export function outcomeInWords(replayed: Replayed): readonly string[] {
  if (!("images" in replayed)) return [`  ${replayed.outcome}: ${replayed.because}`, ""];
  const { outcome, because, formerTaskDefinition, newTaskDefinition, images, nextSteps, decision } = replayed;
  const changed =
    formerTaskDefinition === undefined || newTaskDefinition === undefined
      ? []
      : [
          `  changed: ${revisionName(formerTaskDefinition)} → ${revisionName(newTaskDefinition)}`,
          ...images.flatMap(({ image, containers, substitute, proof }) =>
            substitute === undefined
              ? []
              : [`    ${containers.join(", ")}: ${image} → ${inShort(substitute)} (${proof})`],
          ),
        ];
  return [
    `  ${outcome}: ${because}`,
    `  (${OUTCOMES[outcome]})`,
    ...(decision?.kind === "approved" ? [`  approved by ${decision.by}`] : []),
    ...changed,
    ...nextSteps.map((step) => `  next: ${step}`),
    "",
  ];
}
