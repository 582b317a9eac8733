/** The policy in force: the document in SSM, within what the stack's parameters give rights to. */

import { createParameters } from "../src/aws/client/ssm-parameters.ts";
import type { Policy } from "../src/substitution/policy/policy.ts";
import type { Settings } from "./settings.ts";

/** Reads it anew. Throws InvalidInput for a document that is not a policy, AwsError where it cannot be had. */
export async function readEffectivePolicy({ aws, policyParameter, policyWith }: Settings): Promise<Policy> {
  if (policyParameter === undefined) return policyWith();
  const parameters = createParameters(aws);
  return policyWith(await parameters.read(policyParameter));
}
