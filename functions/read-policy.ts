/** The policy in force: the document in SSM, within what the stack's parameters give rights to. */

import { loadedWhenUsed } from "../src/runtime/loaded-when-used.ts";
import type { Policy } from "../src/substitution/policy/policy-in-force.ts";
import type { Settings } from "./settings.ts";

type Parameters = { read(name: string): Promise<string> };

/** By region and endpoint: a connection is worth keeping. */
const parametersOf = new Map<string, Parameters>();

/** Reads it anew. Throws InvalidInput for a document that is not a policy, AwsError where it cannot be had. */
export async function readEffectivePolicy({ aws, policyParameter, policyWith }: Settings): Promise<Policy> {
  if (policyParameter === undefined) return policyWith();
  const key = JSON.stringify([aws.region, aws.endpoint]);
  const parameters = parametersOf.get(key) ?? loadParameters(aws);
  parametersOf.set(key, parameters);
  // The schema is loaded while the text is on its way.
  const [text, { readDocumentText }] = await Promise.all([
    parameters.read(policyParameter),
    import("../src/substitution/policy/policy.ts"),
  ]);
  return policyWith(readDocumentText(text));
}

function loadParameters(aws: Settings["aws"]): Parameters {
  return loadedWhenUsed<Parameters>({ read: true }, async () =>
    (await import("../src/aws/client/ssm-parameters.ts")).createParameters(aws),
  );
}
