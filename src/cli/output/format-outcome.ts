/** An outcome as a person reads it: how it ended, what changed, what to do next. */

import { shortRevision } from "../../ecs/arn.ts";
import { OUTCOMES } from "../../remediation/report/outcome.ts";
import { abbreviate } from "../../substitution/explain-plan.ts";
import type { Replayed } from "../replay/replay-types.ts";
import { nextLines } from "./next-lines.ts";

/** The lines of an outcome, indented by two. @param then the command that shows whether what was done has helped */
export function formatOutcome(replayed: Replayed, then?: string): readonly string[] {
  if (!("images" in replayed)) return [`  ${replayed.outcome}: ${replayed.because}`, ""];
  const { outcome, because, formerTaskDefinition, newTaskDefinition, images, nextSteps, decision } = replayed;
  const { remedies = [] } = replayed;
  const changed =
    formerTaskDefinition === undefined || newTaskDefinition === undefined
      ? []
      : [
          `  changed: ${shortRevision(formerTaskDefinition)} → ${shortRevision(newTaskDefinition)}`,
          ...images.flatMap(({ image, containers, substitute, proof }) =>
            substitute === undefined
              ? []
              : [`    ${containers.join(", ")}: ${image} → ${abbreviate(substitute)} (${proof})`],
          ),
        ];
  return [
    `  ${outcome}: ${because}`,
    `  (${OUTCOMES[outcome]})`,
    ...(decision?.kind === "approved" ? [`  approved by ${decision.by}`] : []),
    ...changed,
    ...nextLines(nextSteps, remedies).map((line) => `  ${line}`),
    ...(then === undefined || remedies.length === 0 ? [] : [`  then: ${then}`]),
    "",
  ];
}
