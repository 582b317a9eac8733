/**
 * Services that wait for Repull: they or their newest deployment run fewer tasks than wanted, and the newest of their tasks
 * that stopped met a registry's limit. ECS itself is asked, so that an event which was lost, or came while writes were stopped, counts too.
 */

import type { Service } from "../../ecs/service/service.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { PullFailureKind } from "../../pull-failure/types.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { Ports } from "../ports/ports.ts";
import { serviceExcluded } from "../survey/excluded.ts";
import { optedOut } from "../survey/opt-out.ts";
import { limitKeepingDown } from "./limit-keeping-down.ts";

export type WaitingService = {
  /** `prod/web` */
  readonly workload: string;
  readonly runningCount: number;
  readonly desiredCount: number;
  /** Its newest deployment, where that alone lacks tasks: those of the one before it still run. */
  readonly deployment?: { readonly runningCount: number; readonly desiredCount: number };
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
        const failure = await limitOf(service, ecs);
        if (failure !== undefined) found.push(waitingService(service, failure, policy));
      }
  return found;
}

async function limitOf(
  service: Service,
  ecs: Pick<Ports["ecs"], "listTasks">,
): Promise<PullFailureKind | undefined> {
  const { clusterArn: cluster, name } = service;
  try {
    const stopped = () => ecs.listTasks({ cluster, service: name, desiredStatus: "STOPPED" });
    return (await limitKeepingDown(service, stopped))?.failure;
  } catch (error) {
    // A task that cannot be understood names no limit.
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

function waitingService(service: Service, failure: PullFailureKind, policy: Policy): WaitingService {
  const { name, clusterArn, runningCount, desiredCount, deployments, taskSets, tags } = service;
  const short =
    runningCount < desiredCount
      ? undefined
      : [...deployments, ...taskSets].find(
          (one) => one.status === "PRIMARY" && one.runningCount < one.desiredCount,
        );
  const skipped = serviceExcluded(service, policy) ?? optedOut([{ name: `the service ${name}`, tags }]);
  return {
    workload: `${clusterArn.slice(clusterArn.lastIndexOf("/") + 1)}/${name}`,
    runningCount,
    desiredCount,
    ...(short === undefined
      ? {}
      : { deployment: { runningCount: short.runningCount, desiredCount: short.desiredCount } }),
    failure,
    ...(skipped === undefined ? {} : { skippedBecause: skipped.because }),
  };
}
