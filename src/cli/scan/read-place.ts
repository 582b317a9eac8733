/** Reads what a scan counts up: one account of the environment or of a profile, by the policy of its stack. Writes nothing there. */

import { createEcs } from "../../aws/adapters/ecs/ecs.ts";
import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import type { AwsSettings } from "../../aws/client/client-config.ts";
import { createAccountInventory } from "../../aws/scan/account-inventory.ts";
import { assumeRole, type RoleToAssume } from "../../aws/scan/assumed-role.ts";
import { optional } from "../../ecs/json-fields.ts";
import { ecrHost, partitionOf } from "../../image/ecr-hosts.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { type ReadAccount, readAccount } from "../../scan/scan.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { type DeployedConfigOptions, readDeployedConfig } from "../account/deployed-config.ts";
import { refuseForeign } from "../account/same-account.ts";
import { whereOf } from "../account/where.ts";
import type { CommandIo } from "../io.ts";
import { RefusedCommand } from "../refused-command.ts";
import type { HubOfAccounts } from "./hub-of-accounts.ts";
import { scanProgress } from "./scan-progress.ts";

export type ScanInput = {
  /** One cluster, by name or ARN; absent: all of the region. */
  readonly cluster?: string;
  /** A file for the report. */
  readonly html?: string;
  /** Ask registries whether the places hold the same bytes, by HEADs: no pull is counted. */
  readonly verify: boolean;
  /** Print the images to change as CSV instead. */
  readonly csv: boolean;
  /** Print the value of the stack's PassableRoleArns instead. */
  readonly roles: boolean;
  /** Print the IAM policy that a scan needs instead. */
  readonly rights: boolean;
  /** Diagnose every service instead: would it start, or why does it not. */
  readonly starts?: boolean;
  /** Of AWS's shared files; several with commas between them are scanned together. */
  readonly profile?: string;
  /** Every account of the organisation instead, or those of some units or by number. */
  readonly organization?: boolean;
  readonly ou?: string;
  readonly accounts?: string;
  /** The role in each of them. */
  readonly roleName?: string;
  readonly externalId?: string;
  readonly json: boolean;
} & DeployedConfigOptions;

export type ReadPlace = { readonly account: string; readonly region: string; readonly read: ReadAccount };

/** An account of an organisation. */
export type Member = {
  readonly id: string;
  readonly name?: string;
  /** Absent: the account of the environment. */
  readonly role?: RoleToAssume;
};

type OneOfSeveral = {
  /** Absent, without a member's role too: the account of the environment. */
  readonly profile?: string;
  readonly member?: Member;
  readonly hub: HubOfAccounts;
  /** Whether this account and region were read by another profile. */
  isKnown(place: { readonly account: string; readonly region: string }): boolean;
};

/** Reads the account of the environment, or of a profile. */
export async function readPlace(input: ScanInput, io: CommandIo): Promise<ReadPlace>;
export async function readPlace(
  input: ScanInput,
  io: CommandIo,
  one: OneOfSeveral,
): Promise<ReadPlace | "known">;
export async function readPlace(
  input: ScanInput,
  io: CommandIo,
  one?: OneOfSeveral,
): Promise<ReadPlace | "known"> {
  const own = { ...(await awsSettingsFrom(io)), ...optional("profile", one?.profile) };
  const role = one?.member?.role;
  const aws = role === undefined ? own : { ...own, credentials: await assumed(role, own) };
  const { region } = aws;
  const { account } = await getCallerIdentity(aws);
  if (one?.isKnown({ account, region })) {
    io.err(`${whereOf(account, aws)}: scanned already, and counted once\n`);
    return "known";
  }
  const clusterArn = clusterIn(input, account, aws);
  const { policy, from, gap } = await policyFor(input, aws, io);
  io.err(`${whereOf(account, aws)}, by ${from}: nothing is changed\n`);
  const progress = scanProgress(io, systemClock);
  const read = await readAccount(createAccountInventory(aws), createEcs(aws), {
    ...optional("cluster", clusterArn),
    policy,
    ecrHost: ecrHost(account, region),
    clock: systemClock,
    ...(input.verify ? { verify: await registriesOf(account, policy, aws, io, one?.hub) } : {}),
    onProgress: progress.tell,
  });
  progress.end();
  return { account, region, read: gap === undefined ? read : { ...read, gaps: [gap, ...read.gaps] } };
}

/** Throws RefusedCommand where STS refuses the role: it says the same of one that is absent. */
async function assumed(
  role: RoleToAssume,
  aws: AwsSettings,
): Promise<NonNullable<AwsSettings["credentials"]>> {
  try {
    return await assumeRole(aws, role);
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== "denied") throw error;
    throw new RefusedCommand("role-refused", `${role.arn} cannot be assumed: ${error.message}`, {
      cause: error,
    });
  }
}

export function clusterIn(
  { cluster }: Pick<ScanInput, "cluster">,
  account: string,
  { region }: Pick<AwsSettings, "region">,
): string | undefined {
  if (cluster === undefined) return undefined;
  refuseForeign(cluster, { account, region });
  if (cluster.startsWith("arn:")) return cluster;
  return `arn:${partitionOf(region)}:ecs:${region}:${account}:cluster/${cluster}`;
}

/** Registries as a remediation asks them, with the policy's account and endpoints. */
async function registriesOf(
  account: string,
  policy: Policy,
  aws: AwsSettings,
  io: CommandIo,
  hub: HubOfAccounts = (registries) => registries,
): Promise<Ports> {
  const { accountPorts } = await import("../account/account-ports.ts");
  const ports = accountPorts({ aws, account, policy, log: silentLog }, io);
  const { registries, anonymous } = ports;
  const asker = (login?: string): string => JSON.stringify([login ?? null, policy.registries]);
  return {
    ...ports,
    registries: hub(registries, asker(policy.dockerHubSecret)),
    ...(anonymous === undefined
      ? {}
      : { anonymous: { ...anonymous, registries: hub(anonymous.registries, asker()) } }),
  };
}

type ScanPolicy = { readonly policy: Policy; readonly from: string; readonly gap?: string };

/** A scan uses the default policy where the stack does not name one. */
async function policyFor(
  options: DeployedConfigOptions,
  aws: AwsSettings,
  io: CommandIo,
): Promise<ScanPolicy> {
  try {
    return await readDeployedConfig(options, aws, io, "default");
  } catch (error) {
    if (!(error instanceof RefusedCommand) || error.code === "no-stack") throw error;
    const config = await readDeployedConfig({ ...options, stack: false }, aws, io);
    return { ...config, gap: `the stack's policy: ${error.message}` };
  }
}
