/** Why a row of the index names no place, in words that can be counted: those of a rejected source, and these of a cluster's. */

import type { NotApplicableCode, RejectionCode } from "../../substitution/candidate.ts";

export const ROW_CODES = {
  "nodes-unproved": "no pod of the cluster has pulled from its registry yet, and the policy does not name it",
  "tag-moved": "its registry has other bytes under the name now than the running pods have",
  "registry-not-allowed": "the chart's allowedRegistries name neither its registry nor its repository",
  "copy-needed": "a copy would have to be made first",
  "no-source": "no strategy of the policy names a source for it",
} as const;

export type RowCode = keyof typeof ROW_CODES | RejectionCode | NotApplicableCode;

/** The same question may have another answer soon: it says nothing against what was proved before. */
const PASSING: readonly RowCode[] = [
  "no-answer",
  "no-time",
  "not-asked",
  "rate-limited",
  "unreachable",
  "unknown",
  "origin-unreadable",
];

export function isPassing(code: string): boolean {
  return (PASSING as readonly string[]).includes(code);
}
