/**
 * Wires the ports of a remediation to one account and region. Nothing is asked of AWS before a port is used, and no client of
 * the SDK is loaded before: an invocation that looks at a rollout needs ECS, and none of the others.
 */

import { partitionOf } from "../image/ecr-hosts.ts";
import type { Ports } from "../remediation/ports/ports.ts";
import { UNLIMITED } from "../remediation/ports/quota-store.ts";
import { loadedWhenUsed } from "../runtime/loaded-when-used.ts";
import type { DurableFunctions } from "./adapters/durable-executions.ts";
import { createEcs } from "./adapters/ecs/ecs.ts";
import { loadedExecutions } from "./adapters/loaded-executions.ts";
import type { AwsSettings } from "./client/client-config.ts";

export type Connection = {
  readonly aws: AwsSettings;
  readonly account: string;
  /** Not needed by who brings executions, as the command line does: it runs the copies itself. */
  readonly functions?: DurableFunctions;
  /** The table that counts what is used of the quotas; a person who watches has none. */
  readonly quotaTable?: string;
};

/** What AWS has no gateway for, and what a caller has its own of. */
type Provided = Pick<Ports, "registries" | "copier" | "clock" | "log"> &
  Partial<Pick<Ports, "executions" | "bus" | "anonymous">>;

export function createPorts({ aws, account, functions, quotaTable }: Connection, brought: Provided): Ports {
  const executions =
    brought.executions ?? (functions === undefined ? undefined : loadedExecutions(aws, functions));
  if (executions === undefined) throw new TypeError("connect: neither functions nor executions");
  return {
    ...brought,
    location: { account, region: aws.region, partition: partitionOf(aws.region) },
    ecs: createEcs(aws),
    ecr: loadedWhenUsed<Ports["ecr"]>(
      {
        imageStatus: true,
        pullThroughRules: true,
        validateRule: true,
        missingLayers: true,
        ensureRepository: true,
        importImage: true,
        fetchLayer: true,
      },
      async () => (await import("./adapters/ecr.ts")).createEcr(aws, brought.clock),
    ),
    roles: loadedWhenUsed<Ports["roles"]>(
      { simulate: true, ofInstanceProfile: true, keyOfSecret: true },
      async () => (await import("./adapters/iam-simulator.ts")).createIamSimulator(aws),
    ),
    networks: loadedWhenUsed<Ports["networks"]>({ describe: true, egress: true, instances: true }, async () =>
      (await import("./adapters/ecs/task-networks.ts")).createNetworks(aws, account),
    ),
    containerInstances: loadedWhenUsed<Ports["containerInstances"]>({ kinds: true }, async () =>
      (await import("./adapters/ecs/container-instances.ts")).createContainerInstances(aws),
    ),
    tasks: loadedWhenUsed<Ports["tasks"]>(
      { describe: true, networkOf: true, instanceIdOf: true, run: true },
      async () => (await import("./adapters/ecs/run-task.ts")).createTasks(aws),
    ),
    schedules: loadedWhenUsed<Ports["schedules"]>({ targetsOf: true, tagsOf: true, move: true }, async () =>
      (await import("./adapters/schedules.ts")).createSchedules(aws),
    ),
    executions,
    quotaStore:
      quotaTable === undefined
        ? UNLIMITED
        : loadedWhenUsed<Ports["quotaStore"]>(
            { acquire: true, claimNotification: true, used: true },
            async () => (await import("./adapters/quota-table.ts")).createQuotaTable(aws, quotaTable),
          ),
    changeCalendar: loadedWhenUsed<Ports["changeCalendar"]>({ state: true }, async () =>
      (await import("./adapters/change-calendar.ts")).createChangeCalendar(aws),
    ),
    bus:
      brought.bus ??
      loadedWhenUsed<Ports["bus"]>({ publish: true }, async () =>
        (await import("./adapters/event-bus.ts")).createBus(aws),
      ),
  };
}
