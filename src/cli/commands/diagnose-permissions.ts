/** The rights that a diagnosis asks for, all of them to read; each that is missing leaves a check open, and stops none. */

import { NETWORK_RIGHTS, OPERATIONS } from "../../diagnosis/reads.ts";

export const DIAGNOSE_RIGHTS: readonly string[] = [
  ...new Set([...Object.values(OPERATIONS), ...NETWORK_RIGHTS, "sts:GetCallerIdentity"]),
].toSorted();

/** An IAM policy to attach. */
export function diagnoseRights(): string {
  const Statement = [{ Effect: "Allow", Action: DIAGNOSE_RIGHTS, Resource: "*" }];
  return JSON.stringify({ Version: "2012-10-17", Statement }, undefined, 2);
}
