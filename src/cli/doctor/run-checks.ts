/**
 * What the doctor looks at, in the order in which an event goes: region, functions, queue, rule, kill switch, rights, and then
 * what became of those that went that way before.
 *
 * Nothing here writes: every caller that may read the stack can examine it at any time.
 */

import { centralCopiesChecks } from "./central-copies-checks.ts";
import type { Check } from "./check.ts";
import { executionChecks } from "./execution-checks.ts";
import { functionChecks } from "./function-checks.ts";
import { killSwitchCheck } from "./kill-switch-check.ts";
import { passRoleCheck, rightChecks } from "./permission-checks.ts";
import { policyChecks } from "./policy-checks.ts";
import { queueChecks } from "./queue-checks.ts";
import { registryChecks } from "./registry-checks.ts";
import { ruleChecks } from "./rule-checks.ts";
import { deployedFunction, type Functions, type StackUnderTest } from "./stack-under-test.ts";

export type CheckReport = {
  readonly checks: readonly Check[];
  /** What a probe needs, where it was found. */
  readonly queueUrl?: string;
  readonly remediateArn?: string;
  /** A cluster's name that the rule would let through. */
  readonly cluster: string;
};

/** Examines a stack from end to end. Failures of the world become checks. */
export async function runChecks(tested: StackUnderTest): Promise<CheckReport> {
  const { stack } = tested;
  const functions: Functions = {
    detect: await stack.functionNamed("detect"),
    remediate: await stack.functionNamed("remediate"),
    mirror: await stack.functionNamed("mirror"),
  };
  const {
    queue,
    deadLetters,
    checks: queues,
  } = await queueChecks(deployedFunction(functions, "detect"), tested);
  const { cluster, checks: rule } = await ruleChecks(queue?.arn, tested);
  const places = { queueArn: queue?.arn, deadLetterArn: deadLetters?.arn, cluster };
  const remediateArn = deployedFunction(functions, "remediate")?.arn;
  return {
    checks: [
      ...(await functionChecks(functions, tested)),
      ...queues,
      ...rule,
      await killSwitchCheck(functions, tested),
      ...(await policyChecks(functions, tested)),
      ...(await rightChecks(functions, places, tested)),
      await passRoleCheck(functions, tested),
      ...(await registryChecks(functions, tested)),
      ...(await centralCopiesChecks(functions, tested)),
      ...(await executionChecks(functions, tested)),
    ],
    cluster,
    ...(queue === undefined ? {} : { queueUrl: queue.url }),
    ...(remediateArn === undefined ? {} : { remediateArn }),
  };
}
