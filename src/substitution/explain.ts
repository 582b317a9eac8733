/** A plan in words: what runs instead, how that is known to be the same, and why not the other places. */

import { shortDigest } from "../image/digest.ts";
import { printPlatform } from "../image/platform.ts";
import type { Trusted } from "./candidate.ts";
import type { ImagePlan, Plan, Winner } from "./planner.ts";
import type { Proof } from "./proof.ts";

const PROOF_IN_WORDS: Readonly<Record<Proof, string>> = {
  "same-index": "the digest is equal",
  "same-platform": "the trusted image lists this platform's manifest",
  "same-publisher": "the same publisher keeps both names; no digest could be compared",
  "owner-said": "the owner's policy says so",
};

const TRUSTED_IN_WORDS: Readonly<Record<Trusted["from"], string>> = {
  reference: "the reference itself names it",
  deployment: "a task of this deployment runs it",
  origin: "its own registry says so now",
};

/** The plan, a line for each thing to know; indented lines belong to the one above. */
export function explainPlan(plan: Plan): readonly string[] {
  const lines = plan.images.flatMap(explainImage);
  if (plan.kind === "substitute") return lines;
  return [
    `Nothing can be done safely: ${plan.because}.`,
    ...lines,
    "What you can do:",
    ...plan.remedies.map((remedy) => `  - ${remedy}`),
  ];
}

function explainImage({ image, containers, failing, trusted, winner, losers }: ImagePlan): readonly string[] {
  const role = failing ? "could not be pulled" : "comes from the same registry and would fail next";
  return [
    `${image} (${containers.join(", ")}) ${role}`,
    trusted === undefined
      ? "  no digest is trusted"
      : `  trusted: ${shortDigest(trusted.digest)}, ${TRUSTED_IN_WORDS[trusted.from]}`,
    ...losers.map(
      ({ candidate, because }) =>
        `  not ${candidate.strategy} ${candidate.source ?? candidate.image}: ${because}`,
    ),
    winner === undefined ? "  left as it is" : `  → ${explainWinner(winner)}`,
  ];
}

function explainWinner({ candidate, proof, writes, copy }: Winner): string {
  const what =
    copy === undefined
      ? `${candidate.strategy} ${writes}`
      : `${candidate.strategy}: copy ${copy.platform === undefined ? "the whole image" : printPlatform(copy.platform)} from ${copy.source} to ${copy.target}`;
  return `${what} (${proof}: ${PROOF_IN_WORDS[proof]})`;
}
