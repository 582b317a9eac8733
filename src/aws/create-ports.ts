/** Wires the ports of a remediation to one account and region. Nothing is asked of AWS before a port is used. */

import { partitionOf } from "../image/ecr-hosts.ts";
import type { Ports } from "../remediation/ports/ports.ts";
import { UNLIMITED } from "../remediation/ports/quota-store.ts";
import { createChangeCalendar } from "./adapters/change-calendar.ts";
import { createExecutions, type DurableFunctions } from "./adapters/durable-executions.ts";
import { createEcr } from "./adapters/ecr.ts";
import { createContainerInstances } from "./adapters/ecs/container-instances.ts";
import { createEcs } from "./adapters/ecs/ecs.ts";
import { createTasks } from "./adapters/ecs/run-task.ts";
import { createNetworks } from "./adapters/ecs/task-networks.ts";
import { createBus } from "./adapters/event-bus.ts";
import { createIamSimulator } from "./adapters/iam-simulator.ts";
import { createQuotaTable } from "./adapters/quota-table.ts";
import { createSchedules } from "./adapters/schedules.ts";
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
    brought.executions ?? (functions === undefined ? undefined : createExecutions(aws, functions));
  if (executions === undefined) throw new TypeError("connect: neither functions nor executions");
  return {
    ...brought,
    location: { account, region: aws.region, partition: partitionOf(aws.region) },
    ecs: createEcs(aws),
    ecr: createEcr(aws, brought.clock),
    roles: createIamSimulator(aws),
    networks: createNetworks(aws, account),
    containerInstances: createContainerInstances(aws),
    tasks: createTasks(aws),
    schedules: createSchedules(aws),
    executions,
    quotaStore: quotaTable === undefined ? UNLIMITED : createQuotaTable(aws, quotaTable),
    changeCalendar: createChangeCalendar(aws),
    bus: brought.bus ?? createBus(aws),
  };
}
