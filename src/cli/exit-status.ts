/** What a command's exit status means to a script; `repull help` says the same. */

import type { CopyErrorKind } from "../oci/copy/copy-error.ts";
import type { AwsError, AwsErrorKind } from "../remediation/ports/aws-error.ts";
import type { Outcome } from "../remediation/report/outcome.ts";
import { needsNoAttention } from "../remediation/report/outcome-codes.ts";

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  rateLimited: 3,
  refused: 4,
  unfinished: 5,
  stopped: 130,
} as const;

/**
 * The status of a copy, or of a question, that did not succeed. A limit passes; a refusal stays until a person acts; a
 * registry that was not there may be there the next time.
 */
export function exitStatusOf(kind: CopyErrorKind): number {
  if (kind === "rate-limited") return EXIT.rateLimited;
  if (kind === "unavailable") return EXIT.unfinished;
  return ["unauthorized", "denied", "not-allowed", "tag-taken"].includes(kind) ? EXIT.refused : EXIT.failed;
}

/** The status of a remediation: what failed for a right that is missing is refused, what AWS did not let end is not done. */
export function exitStatusOfOutcome({ outcome, error }: Pick<Outcome, "outcome" | "error">): number {
  if (needsNoAttention(outcome)) return EXIT.done;
  if (error?.code === "denied") return EXIT.refused;
  return error?.code === "unfinished" ? EXIT.unfinished : EXIT.failed;
}

const STATUS_OF_AWS: Readonly<Record<AwsErrorKind, number>> = {
  denied: EXIT.refused,
  // What was named is not there, or cannot be: another call may do.
  absent: EXIT.usage,
  invalid: EXIT.usage,
  // The same call may do a moment later.
  conflict: EXIT.unfinished,
  throttled: EXIT.unfinished,
  unavailable: EXIT.unfinished,
};

/** The status where AWS did not do what it was asked for. */
export function exitStatusOfAws({ kind }: Pick<AwsError, "kind">): number {
  return STATUS_OF_AWS[kind];
}
