/**
 * Which services a sweep looks at, in which order, and which stopped task tells what keeps one of them down. Pure.
 *
 * The walk has no memory. Services form a ring in the order of their ARNs; each sweep begins where the schedule's own
 * time says, as many requests further than the sweep before it.
 */

import type { Service } from "../../ecs/service/service.ts";
import type { Task } from "../../ecs/task/task.ts";
import { SERVICES_PER_REQUEST } from "../ports/service-reads.ts";

/** Services of one cluster that one request describes. */
export type ServiceChunk = { readonly clusterArn: string; readonly services: readonly string[] };

/** The services of a cluster in chunks of one request each, in the order of their ARNs. */
export function chunksOf(clusterArn: string, services: readonly string[]): readonly ServiceChunk[] {
  const sorted = services.toSorted();
  return Array.from({ length: Math.ceil(sorted.length / SERVICES_PER_REQUEST) }, (_, index) => ({
    clusterArn,
    services: sorted.slice(index * SERVICES_PER_REQUEST, (index + 1) * SERVICES_PER_REQUEST),
  }));
}

/** The whole ring, from the place at which the sweep of this number begins. @param stride chunks that each sweep is sure to describe */
export function ringFrom<T>(chunks: readonly T[], sweepNumber: number, stride: number): readonly T[] {
  const start = chunks.length === 0 ? 0 : (sweepNumber * stride) % chunks.length;
  return [...chunks.slice(start), ...chunks.slice(0, start)];
}

/** Whether fewer tasks run than are wanted: of the service, or of a deployment or task set that is to bring its tasks. */
export function runsTooFew({ status, desiredCount, runningCount, deployments, taskSets }: Service): boolean {
  if (status !== "ACTIVE" || desiredCount === 0) return false;
  return (
    runningCount < desiredCount ||
    [...deployments, ...taskSets].some(
      (one) => one.status === "PRIMARY" && one.runningCount < one.desiredCount,
    )
  );
}

/**
 * The newest stopped task of the deployments and task sets that the service has now. A task of an older deployment tells
 * of what is over: after a substitute was deployed, ECS still shows the failed tasks for an hour.
 */
export function newestStoppedTask(
  { deployments, taskSets }: Service,
  tasks: readonly Task[],
): Task | undefined {
  const current = new Set([...deployments, ...taskSets].map(({ id }) => id));
  return tasks
    .filter(({ startedBy }) => startedBy !== undefined && current.has(startedBy))
    .toSorted((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0))[0];
}
