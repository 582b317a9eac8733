/** Reads the policy once for a whole execution. */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { Steps } from "../../runtime/steps.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { AwsError } from "../ports/aws-error.ts";

/** One policy for one execution, whatever becomes of the document meanwhile. */
export async function readPolicyOnce(read: () => Promise<Policy>, steps: Steps): Promise<Policy> {
  const mayHelp = (error: unknown): boolean =>
    !(error instanceof InvalidInput) &&
    !(error instanceof AwsError && ["denied", "absent", "invalid"].includes(error.kind));
  return await steps.step("policy", read, { attempts: 5, retryIf: mayHelp });
}
