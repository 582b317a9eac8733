/** The order of a report: the most pulls first, then what Repull would not act for, then by name. */

import type { Exposure } from "./exposure.ts";

export function worstFirst(one: Exposure, other: Exposure): number {
  return (
    pullsOf(other) - pullsOf(one) ||
    Number(other.notRemediatedBecause !== undefined) - Number(one.notRemediatedBecause !== undefined) ||
    `${one.cluster}/${one.name}`.localeCompare(`${other.cluster}/${other.name}`) ||
    (one.account ?? "").localeCompare(other.account ?? "")
  );
}

function pullsOf({ anonymousPulls, accountPulls }: Exposure): number {
  return anonymousPulls + accountPulls;
}
