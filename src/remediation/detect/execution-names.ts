/**
 * Names of executions: the key that ECS gives for free, hashed.
 *
 * A hundred failing tasks of one deployment make one name, and a name starts once. The attempt is part of it, so that
 * an execution that failed never blocks its deployment for ever.
 */

import { createHash } from "node:crypto";
import type { PullFailure } from "../../ecs-events/pull-failure.ts";
import type { Digest } from "../../image/digest.ts";

/**
 * 64 characters of [a-zA-Z0-9-_] at most (https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-idempotency.html).
 *
 * AWS's guide says that a name is unique in an account and a region, the API's model says in a function. The function's
 * own name is part of the key, so two stacks in one account never share a name, whichever is true.
 */
function hashedName(prefix: "r" | "m" | "h" | "a" | "o", key: readonly string[], attempt: number): string {
  const hash = createHash("sha256").update(key.join("\n")).digest("hex").slice(0, 40);
  return `${prefix}-${hash}-${attempt}`;
}

/**
 * The name of the remediation that a failure starts: one for each failing deployment or, without one, each revision.
 * @param functionName the function that remediates
 * @param each one for each task, where each is to be made up for
 */
export function remediationName(
  functionName: string,
  { clusterArn, taskDefinitionArn, taskArn, owner }: PullFailure,
  attempt: number,
  perTask = false,
): string {
  const key =
    owner.kind === "service"
      ? [owner.service, owner.deploymentId ?? ""]
      : [owner.kind, owner.family, ...(perTask ? [taskArn] : [])];
  return hashedName("r", [functionName, clusterArn, taskDefinitionArn, ...key], attempt);
}

/**
 * The name under which `repull fix` works on a deployment: a repeated command continues what the first one made.
 * No durable execution has it: its revisions' tags alone remember.
 */
export function interactiveExecutionName({ clusterArn, taskDefinitionArn, owner }: PullFailure): string {
  const key = owner.kind === "service" ? [owner.service, owner.deploymentId ?? ""] : [owner.family];
  return hashedName("h", [clusterArn, taskDefinitionArn, ...key], 1);
}

/** The name under which an operator's order is carried out: one for each deployment and each set of new bytes. */
export function orderName(
  { clusterArn, taskDefinitionArn, owner }: PullFailure,
  digests: readonly string[],
): string {
  const key = owner.kind === "service" ? [owner.service, owner.deploymentId ?? ""] : [owner.family];
  return hashedName("o", [clusterArn, taskDefinitionArn, ...key, ...digests], 1);
}

/** Whether it was done at a command line. */
export function isInteractive(execution: string): boolean {
  return execution.startsWith("h-") || isOrder(execution);
}

/** Whether it brought new bytes that an operator had ordered, and not a substitute for the same. */
export function isOrder(execution: string): boolean {
  return execution.startsWith("o-");
}

/**
 * The name of a copy: one for each image, platform, source and target, shared by all who need it. A copy ahead has another:
 * one that failed, or that left what healing needs, must not use up the names of those that heal.
 * @param functionName the function that copies
 */
export function mirrorName(
  functionName: string,
  copy: { digest: Digest; target: string; source: string; platforms?: readonly string[]; ahead?: true },
  attempt: number,
): string {
  const platforms = copy.platforms?.join(" ") ?? "all";
  const prefix = copy.ahead ? "a" : "m";
  return hashedName(prefix, [functionName, copy.digest, copy.target, platforms, copy.source], attempt);
}

/** `name` of `arn:…:function:name:live`, of `function:name`, and of `name:live`. */
export function functionNameOf(functionArn: string): string {
  return /(?:^|:function:|^function:)([A-Za-z0-9_-]+)(?::[^:]*)?$/.exec(functionArn)?.[1] ?? functionArn;
}
