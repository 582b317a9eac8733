/**
 * Which limit keeps a service down, as ECS itself reports: the one judgement of the sweep, which has it remediated, and of
 * `repull status`, which shows it.
 *
 * Stopped tasks are listed only for a service that lacks some: a healthy account costs its descriptions and no more.
 */

import { parseEcsArn } from "../../ecs/arn.ts";
import { optional } from "../../ecs/json-fields.ts";
import type { Service } from "../../ecs/service/service.ts";
import type { Task } from "../../ecs/task/task.ts";
import { readEvent } from "../../ecs-events/read-event.ts";
import { taskEvent } from "../../ecs-events/task-event.ts";
import type { PullFailureKind } from "../../pull-failure/types.ts";
import { unsupportedReason } from "../../substitution/applicable-limits.ts";

export type LimitKeepingDown = {
  readonly failure: PullFailureKind;
  /** The task's state as an event has it, for `detect`. */
  readonly document: unknown;
};

/**
 * The limit that the newest stopped task of a service met; undefined where it lacks no task, or lacks one for another
 * reason. Throws InvalidInput for a task that ECS describes as no event does, and what `stoppedTasks` throws.
 */
export async function limitKeepingDown(
  service: Service,
  stoppedTasks: () => Promise<readonly Task[]>,
  time?: string,
): Promise<LimitKeepingDown | undefined> {
  if (!runsTooFew(service)) return undefined;
  const task = newestStoppedTask(service, await stoppedTasks());
  const place = parseEcsArn(service.clusterArn);
  if (task === undefined || place === undefined) return undefined;
  const { clusterArn } = service;
  const document = taskEvent(task, { ...place, clusterArn, ...optional("time", time) });
  const told = readEvent(document);
  if (told.kind === "ignored") return undefined;
  const limit = told.failures.find(({ classification }) => unsupportedReason(classification) === undefined);
  return limit === undefined ? undefined : { failure: limit.classification.kind, document };
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
 * The newest stopped task of the deployments and task sets that the service has now. A task of an older deployment shows
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
