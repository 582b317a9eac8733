/**
 * Whether a cluster's nodes may pull from a repository of ECR, by IAM's own simulator and the roles that the policy names.
 *
 * kubelet signs in to ECR by the node's role, whatever the pod is.
 * https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html (read 2026-11)
 */

import { notChecked } from "../assessment/checks.ts";
import type { Environment } from "../assessment/environment.ts";
import { parseReference } from "../image/reference.ts";
import { registryOf } from "../image/registry-hosts.ts";
import type { Roles } from "../remediation/ports/ports.ts";
import type { Check } from "../substitution/candidate.ts";

const PULL_ACTIONS = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];
const REMEMBERED_MAX = 5_000;

/** The preflight of a puller that is a node: its roles alone, because a pod that has pulled proves the network. */
export function nodeRoleChecks(
  roles: Pick<Roles, "simulate">,
  arns: () => readonly string[],
): NonNullable<Environment["preflight"]> {
  const asked = new Map<string, Promise<Check>>();
  return async ({ image }) => {
    const { host, path } = parseReference(image);
    const registry = registryOf(host);
    const nodeRoles = arns();
    if (registry.kind !== "ecr" || nodeRoles.length === 0) return [];
    const repository = `arn:${registry.partition}:ecr:${registry.region}:${registry.account}:repository/${path}`;
    const key = [repository, ...nodeRoles].join(" ");
    if (asked.size >= REMEMBERED_MAX) asked.clear();
    const check = asked.get(key) ?? mayAllPull(roles, nodeRoles, repository);
    asked.set(key, check);
    const { result } = await check;
    // What could not be asked is asked again at the next image.
    if (result === "not checked") asked.delete(key);
    return [await check];
  };
}

async function mayAllPull(
  roles: Pick<Roles, "simulate">,
  arns: readonly string[],
  repository: string,
): Promise<Check> {
  for (const arn of arns) {
    const name = arn.slice(arn.lastIndexOf("/") + 1);
    const answer = await roles.simulate(arn, PULL_ACTIONS, repository);
    if (answer.kind === "unknown") return notChecked("role", answer.because);
    if (answer.kind === "refused")
      return {
        what: "role",
        result: "failed",
        because: `the nodes' role ${name} may not ${answer.action} on ${repository}`,
        lacks: { role: name, actions: [answer.action], resource: repository },
      };
  }
  return { what: "role", result: "passed", because: "the nodes' roles may pull from it" };
}
