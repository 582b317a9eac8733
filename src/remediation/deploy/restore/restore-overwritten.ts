/**
 * Deploys a revision of another caller again, which a deployment of ours has replaced by accident.
 *
 * Until that is written, another execution may heal what our last write brought back, and put a revision of its own in its
 * place. That one is not a caller's wish: it is based on what is to be replaced.
 */

import { sameRevision } from "../../../ecs/arn.ts";
import { getString } from "../../../ecs/json-fields.ts";
import type { Deployment } from "../../../ecs/service/service.ts";
import { parseTags, serviceTag, wholeRevision } from "../../../ecs/task-definition/provenance-tags.ts";
import { AwsError } from "../../ports/aws-error.ts";
import type { Ports } from "../../ports/ports.ts";
import { type RedeployResult, redeployRevision } from "../redeploy-service.ts";

type Overwritten = {
  readonly clusterArn: string;
  readonly service: string;
  /** What is deployed again. */
  readonly revision: string;
  /** What this remediation has written, in order; the last of them is in its place. */
  readonly written: readonly string[];
  /** A revision that this remediation has registered itself. */
  readonly registered: string;
  readonly knownDeploymentIds: readonly string[];
};

export async function restoreOverwritten(
  overwritten: Overwritten,
  ports: Pick<Ports, "ecs" | "log">,
): Promise<RedeployResult> {
  const { clusterArn, service, revision: to, written, knownDeploymentIds } = overwritten;
  const change = { clusterArn, service, to, from: written.at(-1) ?? "", isSeenTwice: true };
  const first = await redeployRevision({ ...change, knownDeploymentIds }, ports);
  const healed = first.kind === "superseded" ? first.revision : undefined;
  const isHealed = healed !== undefined && (await isHealOfOurs(healed, overwritten, ports));
  const result = isHealed ? await redeployRevision({ ...change, from: healed }, ports) : first;
  if (result.kind === "superseded") return result;
  const deployments: Deployment[] = [];
  for (const one of result.deployments) {
    const { id, status, taskDefinition } = one;
    const isUnknown =
      status !== "PRIMARY" && !knownDeploymentIds.includes(id) && !sameRevision(taskDefinition, to);
    // The step may run again after a crash: the heal that it has replaced must not be deployed once more.
    if (!isUnknown || !(await isHealOfOurs(taskDefinition, overwritten, ports))) deployments.push(one);
  }
  return { ...result, deployments };
}

/**
 * Whether another execution made this revision from the one that our last write brought back. Tags can be copied: ECS
 * itself says who registered a revision (`registeredBy`), and it has to be the principal of our own.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html (read 2026-11)
 */
async function isHealOfOurs(
  revision: string,
  { clusterArn, service, written, registered }: Overwritten,
  { ecs }: Pick<Ports, "ecs">,
): Promise<boolean> {
  const last = written.at(-1) ?? "";
  if (written.some((one) => sameRevision(one, revision))) return false;
  try {
    const found = await ecs.describeTaskDefinition(revision);
    const marker = parseTags(found?.tags ?? []);
    if (marker?.previousRevision === undefined || marker.service !== serviceTag(clusterArn, service))
      return false;
    if (!sameRevision(wholeRevision(marker.previousRevision, revision), last)) return false;
    const own = await ecs.describeTaskDefinition(registered);
    const principal = getString(own?.taskDefinition ?? {}, "registeredBy");
    return principal !== undefined && principal === getString(found?.taskDefinition ?? {}, "registeredBy");
  } catch (error) {
    // What may not be read is another caller's: it stays.
    if (error instanceof AwsError && error.kind !== "throttled" && error.kind !== "unavailable") return false;
    throw error;
  }
}
