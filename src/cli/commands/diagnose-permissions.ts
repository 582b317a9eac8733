/** The rights that a diagnosis asks for, all of them to read; each that is missing leaves a check open, and stops none. */

import { NETWORK_RIGHTS, OPERATIONS } from "../../diagnosis/reads.ts";

export const DIAGNOSE_RIGHTS: readonly string[] = [
  ...new Set([...Object.values(OPERATIONS), ...NETWORK_RIGHTS, "sts:GetCallerIdentity"]),
].toSorted();
