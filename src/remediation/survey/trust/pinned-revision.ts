/**
 * Finds the service revision that a deployment brought: there ECS keeps the digest of each image, fixed when the
 * deployment began. Where the answer is not certain it is `unknown`, never the next best revision.
 *
 * A task says `startedBy: ecs-svc/N`, and a service revision's ARN ends in a number; that the two are the same is not
 * documented. So N is looked for first, and without it the dates decide.
 */

import { sameRevision } from "../../../ecs/arn.ts";
import { isRollingBack } from "../../../ecs/service/rollout-state.ts";
import type { Deployment } from "../../../ecs/service/service.ts";
import type { DeploymentSummary, ServiceRevision } from "../../../ecs/service/service-revision.ts";
import type { Ports } from "../../ports/ports.ts";

export type FailingDeployment = {
  readonly clusterArn: string;
  readonly service: string;
  /** `ecs-svc/N`. */
  readonly id: string;
  readonly taskDefinition: string;
  /** When the task that failed was created, in milliseconds since the epoch; absent where ECS no longer has it. */
  readonly taskCreatedAt?: number;
  /** The service's deployments, as DescribeServices shows them. */
  readonly shown: readonly Deployment[];
};

export type PinnedRevision =
  | {
      readonly kind: "found";
      readonly revision: ServiceRevision;
      /** When the deployment that brought it was created. */
      readonly at: number;
      /** The deployments before that one, the newest first. */
      readonly earlier: readonly DeploymentSummary[];
    }
  | { readonly kind: "none"; readonly because: string }
  | { readonly kind: "unknown"; readonly because: string };

/** ECS keeps service revisions since then; it describes none of an earlier deployment. (API reference, read 2026-11) */
const KEPT_SINCE = Date.parse("2024-10-25T00:00:00Z");
const DESCRIBED_MAX = 20;

/** Throws AwsError. */
export async function pinnedRevision(
  failing: FailingDeployment,
  { ecs }: Pick<Ports, "ecs">,
): Promise<PinnedRevision> {
  const { clusterArn, service, id, taskDefinition, shown } = failing;
  const deployment = shown.find((one) => one.id === id);
  const createdAt = deployment?.createdAt;
  const listed = await ecs.listServiceDeployments(clusterArn, service);
  const number = `/${id.replace(/^ecs-svc\//, "")}`;
  const named = [...new Set(listed.flatMap(({ revision }) => revision ?? []))].filter((arn) =>
    arn.endsWith(number),
  );
  const [byNumber, ...others] = named;
  if (others.length > 0) return unknown(`several service revisions are numbered ${number.slice(1)}`);
  if (byNumber !== undefined) {
    const [revision] = await ecs.describeServiceRevisions([byNumber]);
    if (revision === undefined || !sameRevision(revision.taskDefinition, taskDefinition))
      return unknown(`ECS does not show what the deployment ${id} brought`);
    return found(revision, listed);
  }
  if (createdAt !== undefined && createdAt < KEPT_SINCE)
    return { kind: "none", because: "ECS keeps no service revision of a deployment from before 2024-10-25" };
  return await byDate(failing, listed, deployment, ecs);
}

type Brought<Revision = ServiceRevision> = {
  readonly revision: Revision;
  readonly at: number;
  /** ECS itself went back to it. */
  readonly isWayBack?: true;
};

/** Two lists of one API report the same moment with slightly different clocks. */
const SAME_MOMENT_MS = 60_000;

/**
 * By the dates: what was brought when the failing deployment was created; otherwise the last that was brought before the failed
 * task was created. Rollbacks of ECS's own bring something too.
 */
async function byDate(
  { id, taskDefinition, taskCreatedAt }: FailingDeployment,
  listed: readonly DeploymentSummary[],
  deployment: Deployment | undefined,
  ecs: Ports["ecs"],
): Promise<PinnedRevision> {
  const createdAt = deployment?.createdAt;
  const moment = taskCreatedAt ?? (createdAt === undefined ? undefined : createdAt + SAME_MOMENT_MS);
  if (moment === undefined)
    return unknown(`ECS no longer shows the deployment ${id}, nor the task that failed`);
  const brought = (await broughtBefore(moment, listed, ecs)).filter(({ revision }) =>
    sameRevision(revision.taskDefinition, taskDefinition),
  );
  // What says of itself that ECS is going back was brought by no deployment of that moment.
  const isWayBack = isRollingBack(deployment ?? {});
  const then = brought.filter(
    (one) =>
      createdAt !== undefined &&
      Math.abs(one.at - createdAt) <= SAME_MOMENT_MS &&
      (!isWayBack || one.isWayBack),
  );
  const last = brought.filter(({ at }) => at === brought[0]?.at);
  const [one, ...others] = then.length > 0 || !isAsYoungAs(createdAt, listed) ? then : last;
  if (one === undefined) return unknown(`ECS shows no deployment that brought what ${id} runs`);
  if (others.some(({ revision }) => pins(revision) !== pins(one.revision)))
    return unknown("deployments of one moment pinned different digests");
  return found(one.revision, listed);
}

/** A list without any deployment as young as the failing one is of the time before it: nothing in it is the failing one's. */
function isAsYoungAs(createdAt: number | undefined, listed: readonly DeploymentSummary[]): boolean {
  return createdAt === undefined || listed.some((one) => one.createdAt >= createdAt);
}

/** What deployments and rollbacks brought up to a moment, the newest first. */
async function broughtBefore(
  moment: number,
  listed: readonly DeploymentSummary[],
  ecs: Ports["ecs"],
): Promise<readonly Brought[]> {
  const rolledBack = listed.filter(({ status }) => status.startsWith("ROLLBACK_")).map(({ arn }) => arn);
  const rollbacks = rolledBack.length === 0 ? [] : await ecs.ecsRollbacks(rolledBack);
  const all: readonly Brought<string>[] = [
    ...listed.flatMap(({ revision, createdAt }) =>
      revision === undefined ? [] : { revision, at: createdAt },
    ),
    ...rollbacks.map(({ revision, startedAt }) => ({ revision, at: startedAt, isWayBack: true as const })),
  ];
  const brought = all.filter(({ at }) => at <= moment).toSorted((one, other) => other.at - one.at);
  const newest = [...new Set(brought.map(({ revision }) => revision))].slice(0, DESCRIBED_MAX);
  const revisions = newest.length === 0 ? [] : await ecs.describeServiceRevisions(newest);
  return brought.flatMap((one) => {
    const revision = revisions.find(({ arn }) => arn === one.revision);
    return revision === undefined ? [] : { ...one, revision };
  });
}

/** With the deployments before the first that brought this revision. */
function found(revision: ServiceRevision, listed: readonly DeploymentSummary[]): PinnedRevision {
  const at = listed.find((one) => one.revision === revision.arn)?.createdAt ?? 0;
  const earlier = listed
    .filter(({ createdAt }) => createdAt < at)
    .toSorted((one, other) => other.createdAt - one.createdAt);
  return { kind: "found", revision, at, earlier };
}

function pins({ images }: ServiceRevision): string {
  return JSON.stringify(images.toSorted((one, other) => one.container.localeCompare(other.container)));
}

function unknown(because: string): PinnedRevision {
  return { kind: "unknown", because };
}
