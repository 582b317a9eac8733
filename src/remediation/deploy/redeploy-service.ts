/**
 * Points a service at a revision, unless the service is no longer what was looked at.
 *
 * The step may run more than once, and an answer may be lost: the service itself shows what became of the write.
 */

import { sameRevision } from "../../ecs/arn.ts";
import { isFullyRunning } from "../../ecs/service/rollout-state.ts";
import { type Deployment, primaryDeployment, type Service } from "../../ecs/service/service.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { Ports } from "../ports/ports.ts";
import type { Superseded } from "../survey/types.ts";

/** `already`: the service runs the revision; the answer to an earlier write was lost. */
export type RedeployResult = Written | Superseded;

/** What is replaced is soon no longer shown: ECS's answer shows best whose deployment it was. */
export type Written = {
  readonly kind: "redeployed" | "already";
  /**
   * The deployments that ECS showed: after `redeployed` those that the comparison had not shown, ours first among them;
   * after `already` all of them.
   */
  readonly deployments: readonly Deployment[];
  /** A revision that was seen in place of ours, and is not there any more. */
  readonly foreign?: string;
};

type Change = {
  readonly clusterArn: string;
  readonly service: string;
  readonly to: string;
  readonly from: string;
  readonly deploymentId?: string;
  /**
   * Our own deployment of `from`: another one of it is another caller's, unless ECS itself went back to it.
   */
  readonly ourDeploymentId?: string;
  /**
   * The deployments that were there when the write was decided on. One of `from` that is not among them came since: a
   * person's, or ECS's own rollback of an earlier run of this very step, whose answer was lost.
   */
  readonly knownDeploymentIds?: readonly string[];
  /** The deployment that failed: to replace that one is what was asked for, though the survey saw an older one. */
  readonly failing?: string | undefined;
  /** What runs whole by now, after whatever wait, needs no healing. */
  readonly heals?: boolean;
  /** Another revision in place of ours is looked at a second time, before it is believed. */
  readonly isSeenTwice?: boolean;
};

/** `ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/…` */
const ROLLING_BACK = /rolling back/i;

/** What keeps from a write, or that it is done; `same`: the service is what the survey saw. */
export async function compareService(
  change: Change,
  { ecs }: Pick<Ports, "ecs">,
): Promise<RedeployResult | { readonly kind: "same"; readonly service: Service }> {
  const { clusterArn, service: name, to, from, heals = false } = change;
  const service = await ecs.describeService(clusterArn, name);
  if (service === undefined || service.status !== "ACTIVE")
    return { kind: "superseded", because: { code: "service-deleted", service: name } };
  if (sameRevision(service.taskDefinition, to)) return { kind: "already", deployments: service.deployments };
  if (!sameRevision(service.taskDefinition, from)) {
    const { taskDefinition: revision } = service;
    return { kind: "superseded", because: { code: "other-revision-deployed", revision }, revision };
  }
  const primary = primaryDeployment(service);
  if (primary !== undefined && isAnothers(primary, change))
    return {
      kind: "superseded",
      because: { code: "deployed-again", revision: from, deployment: primary.id },
    };
  if (heals && isFullyRunning(service))
    return {
      kind: "superseded",
      because: { code: "all-tasks-run", service: service.name, revision: from },
      whole: true,
    };
  return { kind: "same", service };
}

/** Whether a deployment of the revision that is to be replaced is another one than the caller knows. */
function isAnothers(
  { id, rolloutStateReason = "" }: Deployment,
  { deploymentId, ourDeploymentId, knownDeploymentIds, failing }: Change,
): boolean {
  if (knownDeploymentIds?.includes(id) === false) return true;
  if (ourDeploymentId !== undefined && id !== ourDeploymentId && !ROLLING_BACK.test(rolloutStateReason))
    return true;
  return deploymentId !== undefined && id !== deploymentId && id !== failing;
}

/**
 * Points the service at a revision, unless another deployment came since it was looked at.
 *
 * `from` is what it must still run, by revision and, where known, by deployment.
 */
export async function redeployRevision(
  change: Change,
  ports: Pick<Ports, "ecs" | "log">,
): Promise<RedeployResult> {
  const { clusterArn, to, from } = change;
  const found = await compareService(change, ports);
  if (found.kind !== "same") return found;
  const { service } = found;
  const compared = service.deployments.map(({ id }) => id);
  let shown: readonly Deployment[];
  try {
    shown = await ports.ecs.updateService(clusterArn, change.service, to);
  } catch (error) {
    // A controller that takes no revision from us will not take one at the next attempt either.
    if (error instanceof AwsError && error.kind === "conflict")
      return { kind: "superseded", because: error.message };
    const told = await withoutAnswer(error, change, compared, ports);
    if (told === undefined) throw error;
    return told;
  }
  ports.log.info("service redeployed", { serviceArn: service.arn, from, to });
  return { kind: "redeployed", deployments: shown.filter(({ id }) => !compared.includes(id)) };
}

/** Without an answer it may have been done all the same, or another's may have come first: the service itself shows it. */
async function withoutAnswer(
  error: unknown,
  { clusterArn, service, to, from, isSeenTwice = false }: Change,
  compared: readonly string[],
  { ecs }: Pick<Ports, "ecs">,
): Promise<RedeployResult | undefined> {
  if (!(error instanceof AwsError && error.kind === "unavailable")) return undefined;
  const now = await ecs.describeService(clusterArn, service).catch(() => undefined);
  if (now === undefined) return undefined;
  if (sameRevision(now.taskDefinition, to)) return { kind: "already", deployments: now.deployments };
  if (!isSeenTwice || sameRevision(now.taskDefinition, from)) return undefined;
  // Written again over an answer of the past, ours would replace what this one has shown.
  const because = { code: "other-revision-deployed", revision: now.taskDefinition } as const;
  const isBehind = now.deployments.some(
    ({ id, taskDefinition }) => sameRevision(taskDefinition, to) && !compared.includes(id),
  );
  return { kind: "superseded", because, ...(isBehind ? {} : { revision: now.taskDefinition }) };
}
