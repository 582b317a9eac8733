/**
 * A remediation whose policy has to be read first, from a document that may have changed a minute ago.
 *
 * It is read in a step, so that one remediation goes by one policy to its end. A policy that cannot be read is not a reason
 * to go by another: nothing is done, and the record says why.
 */

import { readEvent } from "../../ecs-events/read-event.ts";
import { StepFailed, type Steps } from "../../runtime/steps.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { secondsUntilTurn } from "../gates/start-pace.ts";
import type { Ports } from "../ports/ports.ts";
import type { Outcome } from "../report/outcome.ts";
import { report } from "../report/report.ts";
import type { RemediationOptions } from "./context.ts";
import { readPolicyOnce } from "./read-policy-once.ts";
import { remediate } from "./remediate.ts";

export type PolicySource = {
  /** Throws InvalidInput for a document that is not a policy, AwsError where there is none to be had. */
  readonly read: () => Promise<Policy>;
  /** The ports of a policy: its account is shown to Docker Hub. Undefined: those that need none. */
  readonly portsFor: (policy: Policy | undefined) => Ports;
};

/** Reads the policy, and remediates by it. */
export async function remediateWithPolicy(
  event: unknown,
  { read, portsFor }: PolicySource,
  options: Omit<RemediationOptions, "policy">,
  steps: Steps,
): Promise<Outcome> {
  let policy: Policy;
  try {
    policy = await readPolicyOnce(read, steps);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    const ports = portsFor(undefined);
    const failure = readEvent(event, ports.location);
    const because = `the policy cannot be read: ${error.message}`;
    const nextSteps = ["check the policy document: repull policy check FILE"];
    const ending = failure.kind === "ignored" ? failure : ({ kind: "failed", because, nextSteps } as const);
    const told = failure.kind === "ignored" ? undefined : failure;
    return await report("report", () => ending, told, options, ports, steps);
  }
  const ports = portsFor(policy);
  const seconds = await steps.step("pace", () => secondsUntilTurn(options.execution, ports));
  if (seconds > 0) await steps.wait("pace", seconds);
  // A quota is not a rule for one remediation, but a bound on all of them: when it is raised, that applies to what waits.
  const limits = async () => (await read()).quotas;
  return await remediate(event, ports, { ...options, policy, limits }, steps);
}
