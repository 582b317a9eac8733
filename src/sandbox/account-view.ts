/** A sandbox as a scan reads it: its services, schedules and lone tasks, behind the one NAT gateway that it has. */

import type { AccountView, ScheduledRun } from "../remediation/account-view.ts";
import { readEcsTarget } from "../workload/ecs-target.ts";
import { looseTasksIn } from "../workload/loose-tasks.ts";
import { describedTask } from "./ecs-documents.ts";
import { createInventory } from "./inventory.ts";
import type { World } from "./world.ts";

/** Every task of the sandbox that goes out by `other` than an internet gateway goes out here. */
const NAT = "nat-0a1b2c3d4e5f60718";

export function createAccountView(world: World): AccountView {
  const { cluster, schedules, ports, registries, addresses } = world;
  return {
    ...createInventory(cluster),

    async scheduledRuns(clusterArns) {
      return schedules.all.flatMap(({ kind, name, target, expression, isEnabled = true }): ScheduledRun[] => {
        const run = readEcsTarget(target);
        if (run === undefined || !clusterArns.includes(run.clusterArn)) return [];
        return [{ ...run, kind, name, isEnabled, ...(expression === undefined ? {} : { expression }) }];
      });
    },

    async looseTasks(clusterArn) {
      const running = cluster.tasks(clusterArn).filter(({ desiredStatus }) => desiredStatus === "RUNNING");
      return looseTasksIn(running.map(describedTask));
    },

    async waysOut(subnets) {
      const described = await ports.networks.describe(subnets);
      if (described.kind === "unknown") return new Map();
      return new Map(
        described.subnets.map(({ subnet, route }) => [
          subnet,
          route === "other" ? { kind: "nat", id: NAT, addresses: [addresses.tasks] } : { kind: route },
        ]),
      );
    },

    // The sandbox has no machines to be seen.
    hosts: async () => [],
    pullThroughRules: () => ports.ecr.pullThroughRules(),
    async tagsIn(repository) {
      return registries.ecr.repositories().includes(repository)
        ? Object.keys(registries.ecr.tags(repository))
        : undefined;
    },
  };
}
