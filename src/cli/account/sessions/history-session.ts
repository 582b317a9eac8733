/** What `repull history` and `repull undo` look at: the account of the environment, or a test's own. */

import type { AwsSettings } from "../../../aws/client/client-config.ts";
import { optional } from "../../../ecs/json-fields.ts";
import type { ServiceInventory } from "../../../history/active-substitutions.ts";
import type { ExecutionHistory } from "../../../history/history.ts";
import type { UndoPorts } from "../../../history/undo.ts";
import { InvalidInput } from "../../../image/invalid-input.ts";
import { withKillSwitchOnDeployments } from "../../../remediation/gates/kill-switch.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import type { AccountInventory } from "../../../scan/account-inventory.ts";
import type { CommandIo } from "../../io.ts";
import { RefusedCommand } from "../../refused-command.ts";
import { awsSettingsFrom } from "../aws-settings.ts";
import type { DeployedConfig, DeployedConfigOptions } from "../deployed-config.ts";
import type { SignedIn } from "../same-account.ts";
import { whereOf } from "../where.ts";

export type HistorySession = {
  /** Shown before anything is read: whose account it is. */
  readonly where: string;
  readonly inventory: ServiceInventory;
  readonly ports: UndoPorts;
  readonly executionHistory: ExecutionHistory;
  /** The rules and schedules that run tasks: what `--since` looks through in addition to the services. */
  readonly scheduledTasks: AccountInventory["scheduledTasks"];
  readonly clock: Clock;
  readonly home?: SignedIn;
  /** The rules that a command which writes goes by. */
  readonly installed?: DeployedConfig;
};

/** The options of a command that looks back: whose rules it uses, or, if it only reads, where executions are. */
export type PastOptions =
  | { readonly kind: "writes"; readonly rules: DeployedConfigOptions }
  | { readonly kind: "reads"; readonly stack?: string | false; readonly functionName?: string };

/** The account of the environment. Throws InvalidInput, AwsError and Refused. */
export async function openHistorySession(
  options: PastOptions,
  clock: Clock,
  io: CommandIo,
): Promise<HistorySession> {
  const aws = await awsSettingsFrom(io);
  const [
    { getCallerIdentity },
    { createServiceInventory },
    { createEcs },
    { createSchedules },
    { createScheduledTasks },
    { createExecutionHistory },
  ] = await Promise.all([
    import("../../../aws/client/caller-identity.ts"),
    import("../../../aws/scan/service-inventory.ts"),
    import("../../../aws/adapters/ecs/ecs.ts"),
    import("../../../aws/adapters/schedules.ts"),
    import("../../../aws/scan/scheduled-tasks.ts"),
    import("../../../aws/stack/execution-history.ts"),
  ]);
  const { account } = await getCallerIdentity(aws);
  const config =
    options.kind === "writes"
      ? await (await import("../deployed-config.ts")).readDeployedConfig(options.rules, aws, io)
      : undefined;
  const functionName =
    options.kind === "writes"
      ? functionOf(config?.stack)
      : (options.functionName ?? functionOf(await readStack(options.stack, aws, io)));
  const ports = { ecs: createEcs(aws), schedules: createSchedules(aws), log: silentLog };
  return {
    home: { account, region: aws.region },
    ...optional("installed", config),
    where: whereOf(account, aws),
    inventory: createServiceInventory(aws),
    ports: config === undefined ? ports : withKillSwitchOnDeployments(ports, config.killSwitch),
    executionHistory: functionName === undefined ? NO_JOURNAL : createExecutionHistory(aws, functionName),
    ...createScheduledTasks(aws),
    clock,
  };
}

/** Without a stack nothing has executed. */
const NO_JOURNAL: ExecutionHistory = { past: async () => [] };

function functionOf(stack: string | undefined): string | undefined {
  return stack === undefined ? undefined : `${stack}-remediate`;
}

/** A command that only reads uses the revisions' tags where no stack is found, and says so. */
async function readStack(
  stack: string | false | undefined,
  aws: AwsSettings,
  io: CommandIo,
): Promise<string | undefined> {
  if (stack !== undefined) return stack === false ? undefined : stack;
  const tagsAlone = "what follows is from the revisions' tags alone";
  try {
    const found = await (await import("../find-stack.ts")).findStack(aws);
    if (found === undefined) io.err(`no stack of Repull is deployed in ${aws.region}: ${tagsAlone}\n`);
    return found;
  } catch (error) {
    if (!(error instanceof RefusedCommand)) throw error;
    const why = error.cause instanceof Error ? ` (${error.cause.message})` : "";
    io.err(
      `the stacks in ${aws.region} cannot be listed${why}: ${tagsAlone}; --stack NAME names the stack\n`,
    );
    return undefined;
  }
}

const HOUR_MS = 3_600_000;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };

/** Reads `90m`, `6h`, `30d` as so long ago, and ISO 8601 as itself. Throws InvalidInput. */
export function parseSince(text: string, now: number): number {
  const [, count, unit] = /^([0-9]{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return now - Number(count) * (UNITS[unit] ?? 0);
  const at = /^[0-9]{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidInput("--since", "a time such as 6h, 30d or 2026-01-20T10:00:00Z");
  return at;
}
