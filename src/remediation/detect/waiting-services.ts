/**
 * Services that wait for Repull: they run fewer tasks than wanted, and the newest of their tasks that stopped met a
 * registry's limit. ECS itself is asked, so that an event which was lost, or came while writes were stopped, counts too.
 *
 * Stopped tasks are listed only for services that lack some: a healthy account costs its descriptions and no more.
 */

import type { Service } from "../../ecs/service/service.ts";
import type { Task } from "../../ecs/task/task.ts";
import { classify } from "../../pull-failure/classify.ts";
import type { PullFailureKind } from "../../pull-failure/types.ts";
import { unsupportedReason } from "../../substitution/applicable-limits.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { Ports } from "../ports/ports.ts";
import { serviceExcluded } from "../survey/excluded.ts";
import { optedOut } from "../survey/opt-out.ts";

export type WaitingService = {
  /** `prod/web` */
  readonly workload: string;
  readonly runningCount: number;
  readonly desiredCount: number;
  readonly failure: PullFailureKind;
  /** Repull will not change it: the policy or a tag says so. */
  readonly skippedBecause?: string;
};

/** Every service of the account and region, a few at a time. */
type ServiceInventory = {
  clusters(): Promise<readonly string[]>;
  services(cluster: string): AsyncIterable<readonly Service[]>;
};

/** Throws AwsError. */
export async function waitingServices(
  inventory: ServiceInventory,
  ecs: Pick<Ports["ecs"], "listTasks">,
  policy: Policy,
): Promise<readonly WaitingService[]> {
  const found: WaitingService[] = [];
  for (const cluster of await inventory.clusters())
    for await (const services of inventory.services(cluster))
      for (const service of services) {
        if (service.status !== "ACTIVE" || service.runningCount >= service.desiredCount) continue;
        const stopped = await ecs.listTasks({
          cluster: service.clusterArn,
          service: service.name,
          desiredStatus: "STOPPED",
        });
        const failure = limitMetBy(newest(stopped));
        if (failure !== undefined) found.push(waitingService(service, failure, policy));
      }
  return found;
}

function waitingService(service: Service, failure: PullFailureKind, policy: Policy): WaitingService {
  const { name, clusterArn, runningCount, desiredCount, tags } = service;
  const skipped = serviceExcluded(service, policy) ?? optedOut([{ name: `the service ${name}`, tags }]);
  return {
    workload: `${clusterArn.slice(clusterArn.lastIndexOf("/") + 1)}/${name}`,
    runningCount,
    desiredCount,
    failure,
    ...(skipped === undefined ? {} : { skippedBecause: skipped.because }),
  };
}

function newest(stopped: readonly Task[]): Task | undefined {
  return stopped.toSorted((one, other) => (other.createdAt ?? 0) - (one.createdAt ?? 0))[0];
}

/** The limit with a cure that a stopped task's own words tell of. */
function limitMetBy(task: Task | undefined): PullFailureKind | undefined {
  const texts = (task?.containers ?? []).flatMap(({ reason, image }) =>
    reason === undefined ? [] : [{ reason, image }],
  );
  if (texts.length === 0 && task?.stoppedReason !== undefined)
    texts.push({ reason: task.stoppedReason, image: undefined });
  return texts
    .map(({ reason, image }) => classify(reason, image))
    .find((classification) => unsupportedReason(classification) === undefined)?.kind;
}
