/**
 * What an undo has come to: whether the service is back, and what ECS runs there for each image.
 *
 * A new deployment has each tag resolved again, once its first task starts: what it means then may be another image than
 * before. ECS's own rollback brings a service revision that is there already. Nothing depends on the answer, so what
 * cannot be read is left out.
 */

import { sameRevision } from "../../../ecs/arn.ts";
import { optional } from "../../../ecs/json-fields.ts";
import type { ServiceRevision } from "../../../ecs/service/service-revision.ts";
import type { Digest } from "../../../image/digest.ts";
import { AwsError } from "../../ports/aws-error.ts";
import type { Ports } from "../../ports/ports.ts";

/** Deployments that may have come since ours. */
const DEPLOYMENTS_MAX = 5;

type Undone = {
  readonly clusterArn: string;
  readonly service: string;
  readonly newRevision: string;
  /** What the service is to be back on. */
  readonly to: string;
  readonly byEcs: boolean;
};

export type RestoredStatus = {
  /** Absent: that cannot be read. */
  readonly isBack?: boolean;
  /** Container → digest, of those that ECS has resolved by now. */
  readonly digests: Readonly<Record<string, Digest>>;
};

export async function checkRestored(undone: Undone, ports: Pick<Ports, "ecs">): Promise<RestoredStatus> {
  const { clusterArn, service: name, to } = undone;
  const service = await readable(() => ports.ecs.describeService(clusterArn, name));
  const revision = await readable(() => restoredRevision(undone, ports));
  const resolved = (revision?.images ?? []).flatMap(({ container, digest }) =>
    digest === undefined ? [] : [[container, digest] as const],
  );
  return {
    ...optional("isBack", service && sameRevision(service.taskDefinition, to)),
    digests: Object.fromEntries(resolved),
  };
}

/** The service revision that came into use by the undo. */
async function restoredRevision(
  { clusterArn, service, newRevision, to, byEcs }: Undone,
  { ecs }: Pick<Ports, "ecs">,
): Promise<ServiceRevision | undefined> {
  if (byEcs) {
    const ours = await ecs.serviceDeployment(clusterArn, service, newRevision);
    const [rollback] = ours === undefined ? [] : await ecs.ecsRollbacks([ours.arn]);
    return rollback && (await ecs.describeServiceRevisions([rollback.revision]))[0];
  }
  const newest = (await ecs.listServiceDeployments(clusterArn, service))
    .toSorted((one, other) => other.createdAt - one.createdAt)
    .slice(0, DEPLOYMENTS_MAX)
    .flatMap(({ revision }) => revision ?? []);
  const revisions = newest.length === 0 ? [] : await ecs.describeServiceRevisions([...new Set(newest)]);
  const [last] = newest.flatMap((arn) => revisions.find((one) => one.arn === arn) ?? []);
  return last !== undefined && sameRevision(last.taskDefinition, to) ? last : undefined;
}

async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return undefined;
  }
}
