/** What `repull status` reads: the stack's switch and executions, and the services of the account. Nothing is written. */

import type { RunningExecution } from "../../../aws/stack/running-executions.ts";
import type { ServiceInventory } from "../../../history/active-substitutions.ts";
import type { ExecutionHistory } from "../../../history/history.ts";
import type { ApprovalStore } from "../../../remediation/gates/pending-approvals.ts";
import type { Ports } from "../../../remediation/ports/ports.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { CommandIo } from "../../io.ts";
import { awsSettingsFrom } from "../aws-settings.ts";
import type { DeployedConfig, DeployedConfigOptions } from "../deployed-config.ts";
import { whereOf } from "../where.ts";

export type StatusSession = {
  /** Shown before anything is read: whose account it is. */
  readonly where: string;
  readonly config: DeployedConfig;
  readonly inventory: ServiceInventory;
  readonly ecs: Ports["ecs"];
  /** Absent without a stack: nothing executes. */
  readonly stack?: {
    running(): Promise<readonly RunningExecution[]>;
    readonly history: ExecutionHistory;
    readonly approvals: Pick<ApprovalStore, "history">;
  };
  readonly clock: Clock;
};

/** Throws InvalidInput, AwsError, and RefusedCommand where the stack is absent or cannot be read. */
export async function openStatusSession(
  options: DeployedConfigOptions,
  clock: Clock,
  io: CommandIo,
): Promise<StatusSession> {
  const aws = await awsSettingsFrom(io);
  const [
    { getCallerIdentity },
    { readDeployedConfig },
    { createServiceInventory },
    { createEcs },
    { createExecutionHistory },
    { createApprovalStore },
    { runningExecutions },
  ] = await Promise.all([
    import("../../../aws/client/caller-identity.ts"),
    import("../deployed-config.ts"),
    import("../../../aws/scan/service-inventory.ts"),
    import("../../../aws/adapters/ecs/ecs.ts"),
    import("../../../aws/stack/execution-history.ts"),
    import("../../../aws/stack/approval-callbacks.ts"),
    import("../../../aws/stack/running-executions.ts"),
  ]);
  const { account } = await getCallerIdentity(aws);
  const config = await readDeployedConfig(options, aws, io);
  const { stack } = config;
  const functionName = `${stack}-remediate`;
  return {
    where: `${whereOf(account, aws)}${stack === undefined ? "" : `, stack ${stack}`}`,
    config,
    inventory: createServiceInventory(aws),
    ecs: createEcs(aws),
    ...(stack === undefined
      ? {}
      : {
          stack: {
            running: () => runningExecutions(aws, functionName, clock),
            history: createExecutionHistory(aws, functionName, clock),
            approvals: createApprovalStore(aws, functionName, clock),
          },
        }),
    clock,
  };
}
