/** A sandbox as a scan reads it: its services, schedules and lone tasks, behind the one NAT gateway that it has. */

import { readEcsTarget } from "../../../ecs/schedule/ecs-target.ts";
import { groupStandaloneTasks } from "../../../ecs/task/standalone-tasks.ts";
import type { AccountInventory, ScheduledTask } from "../../../scan/account-inventory.ts";
import { describedTask } from "../../ecs/documents/task-document.ts";
import type { World } from "../../world/world.ts";
import { createServiceInventory } from "./service-inventory.ts";

export function createAccountInventory(world: World): AccountInventory {
  const { cluster, schedules, ports, registries } = world;
  return {
    ...createServiceInventory(cluster),

    async scheduledTasks(clusterArns) {
      return schedules.all.flatMap(
        ({ kind, name, target, expression, isEnabled = true }): ScheduledTask[] => {
          const run = readEcsTarget(target);
          if (run === undefined || !clusterArns.includes(run.clusterArn)) return [];
          return [{ ...run, kind, name, isEnabled, ...(expression === undefined ? {} : { expression }) }];
        },
      );
    },

    async standaloneTasks(clusterArn) {
      const running = cluster.tasks(clusterArn).filter(({ desiredStatus }) => desiredStatus === "RUNNING");
      return groupStandaloneTasks(running.map(describedTask));
    },

    egress: ports.networks.egress,
    instances: ports.networks.instances,
    pullThroughRules: () => ports.ecr.pullThroughRules(),
    async imageTags(repository) {
      return registries.ecr.repositories().includes(repository)
        ? Object.keys(registries.ecr.tags(repository))
        : undefined;
    },
  };
}
