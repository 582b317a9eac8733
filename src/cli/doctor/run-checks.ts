/**
 * What the doctor looks at, in the order in which an event goes: region, functions, queue, rule, brake, rights, and then
 * what became of those that went that way before.
 *
 * Nothing here writes: a stack can be examined at any time, by whoever may read it.
 */

import type { Check } from "./check.ts";
import { executionChecks } from "./execution-checks.ts";
import { functionChecks } from "./function-checks.ts";
import { brakeCheck } from "./kill-switch-check.ts";
import { passRoleCheck, rightChecks } from "./permission-checks.ts";
import { queueChecks } from "./queue-checks.ts";
import { registryChecks } from "./registry-checks.ts";
import { ruleChecks } from "./rule-checks.ts";
import { deployedAs, type Functions, type Patient } from "./stack-under-test.ts";

export type Examined = {
  readonly checks: readonly Check[];
  /** What a probe needs, where it was found. */
  readonly queueUrl?: string;
  readonly remediateArn?: string;
  /** A cluster's name that the rule would let through. */
  readonly cluster: string;
};

/** Examines a stack from end to end. Failures of the world become checks. */
export async function examine(patient: Patient): Promise<Examined> {
  const { stack } = patient;
  const functions: Functions = {
    detect: await stack.functionNamed("detect"),
    remediate: await stack.functionNamed("remediate"),
    mirror: await stack.functionNamed("mirror"),
  };
  const { queue, deadLetters, checks: queues } = await queueChecks(deployedAs(functions, "detect"), patient);
  const { cluster, checks: rule } = await ruleChecks(queue?.arn, patient);
  const places = { queueArn: queue?.arn, deadLetterArn: deadLetters?.arn, cluster };
  const remediateArn = deployedAs(functions, "remediate")?.arn;
  return {
    checks: [
      ...(await functionChecks(functions, patient)),
      ...queues,
      ...rule,
      await brakeCheck(functions, patient),
      ...(await rightChecks(functions, places, patient)),
      await passRoleCheck(functions, patient),
      ...(await registryChecks(functions, patient)),
      ...(await executionChecks(functions, patient)),
    ],
    cluster,
    ...(queue === undefined ? {} : { queueUrl: queue.url }),
    ...(remediateArn === undefined ? {} : { remediateArn }),
  };
}
