/** An outcome for people: the verdict, then what changed, how it was verified, how to undo it, and what to do next. */

import { shortRevision } from "../../ecs/arn.ts";
import type { Outcome } from "../../remediation/report/outcome.ts";
import { abbreviate, formatProof } from "../../substitution/explain-plan.ts";
import type { Proof } from "../../substitution/proof.ts";
import type { Replayed } from "../replay/replay-types.ts";
import { nextLines } from "./next-lines.ts";

export type OutcomeFormat = {
  /** The command that shows whether what was done has helped. */
  readonly check?: string | undefined;
  /** What every command that acts on the same stack has to name. */
  readonly flags?: string;
};

/** The lines of an outcome, indented by two. */
export function formatOutcome(
  replayed: Replayed,
  { check, flags = "" }: OutcomeFormat = {},
): readonly string[] {
  if (!("images" in replayed)) return [`  ${replayed.outcome}: ${replayed.because}`, ""];
  const { summary, nextSteps, undo, remedies = [] } = replayed;
  return [
    summary,
    ...causeOf(replayed),
    ...changesOf(replayed),
    ...(undo === undefined ? [] : [`undo: ${undo.join(" ")}${flags} --yes`]),
    ...nextLines(nextSteps, remedies),
    ...(check === undefined || remedies.length === 0 ? [] : [`then: ${check}`]),
  ]
    .map((line) => `  ${line}`)
    .concat("");
}

/** What the registry refused, in its own words' meaning. */
function causeOf({ failure, outcome }: Outcome): readonly string[] {
  const limit = failure === undefined || outcome === "ignored" ? undefined : formatLimit(failure);
  return limit === undefined ? [] : [`cause: ${abbreviate(failure?.image ?? "the image")}: ${limit}`];
}

function formatLimit({ kind, limitedAs, registry }: NonNullable<Outcome["failure"]>): string | undefined {
  switch (kind) {
    case "docker-hub-pull-limit":
      return limitedAs === "account"
        ? "Docker Hub's pull limit of the signed-in account is reached"
        : `Docker Hub's pull limit is reached${limitedAs === "anonymous" ? " (pulled without an account)" : ""}`;
    case "docker-hub-abuse-limit":
      return "Docker Hub's abuse limit is reached (too many requests from one address)";
    case "registry-limit":
      return `the rate limit of ${registry ?? "its registry"} is reached`;
    default:
      return undefined;
  }
}

/** What became of the change, where it was not seen to be in use. */
const LABELS: Readonly<Partial<Record<Outcome["outcome"], string>>> = {
  "rolled-back": "tried",
  superseded: "tried",
  failed: "tried",
  "rollout-timed-out": "started",
};

/** What was decided, and what came of it; a revision that is no longer in use is not printed as a change. */
function changesOf({
  outcome,
  formerTaskDefinition: before,
  newTaskDefinition: after,
  images,
  decision,
}: Outcome): readonly string[] {
  const approved = decision?.kind === "approved" ? [`approved by: ${decision.by}`] : [];
  if (before === undefined || after === undefined) return approved;
  const label = LABELS[outcome] ?? "changed";
  return [
    ...approved,
    `${label}: ${shortRevision(before)} → ${shortRevision(after)}`,
    ...images.flatMap(({ image, containers, substitute, proof, trusted }) =>
      substitute === undefined
        ? []
        : [
            `  ${containers.join(", ")}: ${abbreviate(image)} → ${abbreviate(substitute)}`,
            ...(proof === undefined ? [] : [`  ${formatProof(proof as Proof, trusted)}`]),
          ],
    ),
  ];
}
