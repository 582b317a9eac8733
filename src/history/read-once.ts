/** The services of an account, for several parts of one command: ECS is asked once for each list. */

import type { Service } from "../ecs/service/service.ts";
import type { ServiceInventory } from "./active-substitutions.ts";

export function readOnce(inventory: ServiceInventory): ServiceInventory {
  let clusters: Promise<readonly string[]> | undefined;
  const services = new Map<string, Promise<readonly (readonly Service[])[]>>();
  return {
    clusters() {
      clusters ??= inventory.clusters();
      return clusters;
    },
    async *services(cluster) {
      const read = services.get(cluster) ?? allOf(inventory.services(cluster));
      services.set(cluster, read);
      yield* await read;
    },
  };
}

async function allOf<T>(some: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const one of some) all.push(one);
  return all;
}
