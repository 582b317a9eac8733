/** `repull scan`: what of an account depends on Docker Hub, and what the worst six hours would do. Writes nothing there. */

import { createEcs } from "../../aws/adapters/ecs/ecs.ts";
import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import type { AwsSettings } from "../../aws/client/client-config.ts";
import { createAccountInventory } from "../../aws/scan/account-inventory.ts";
import { DIAGNOSE_RIGHTS } from "../../diagnosis/reads.ts";
import { optional } from "../../ecs/json-fields.ts";
import { ecrHost, partitionOf } from "../../image/ecr-hosts.ts";
import type { Ports } from "../../remediation/ports/ports.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { scanAccount } from "../../scan/scan.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { type DeployedConfigOptions, readDeployedConfig } from "../account/deployed-config.ts";
import { refuseForeign } from "../account/same-account.ts";
import { stackFlags } from "../account/stack-flags.ts";
import { whereOf } from "../account/where.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { permissions } from "../output/permissions.ts";
import { RefusedCommand } from "../refused-command.ts";
import { printScan, writeReport } from "./print-scan.ts";
import { SCAN_ACTIONS, VERIFY_ACTIONS } from "./scan-permissions.ts";
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
  readonly json: boolean;
} & DeployedConfigOptions;

/** Scans the region of the environment; exit status 0, whatever it finds. */
export async function scan(input: ScanInput, io: CommandIo): Promise<number> {
  if (input.rights) {
    const own = input.starts === true ? DIAGNOSE_RIGHTS : SCAN_ACTIONS;
    const actions = input.verify ? [...own, ...VERIFY_ACTIONS].toSorted() : own;
    io.out(permissions(actions, input.json));
    return EXIT.done;
  }
  const aws = await awsSettingsFrom(io);
  const { account } = await getCallerIdentity(aws);
  if (input.cluster !== undefined) refuseForeign(input.cluster, { account, region: aws.region });
  const { cluster } = input;
  const clusterArn =
    cluster === undefined || cluster.startsWith("arn:")
      ? cluster
      : `arn:${partitionOf(aws.region)}:ecs:${aws.region}:${account}:cluster/${cluster}`;
  if (input.starts === true) {
    io.err(`${whereOf(account, aws)}: nothing is changed\n`);
    const { scanStarts } = await import("./scan-starts.ts");
    return await scanStarts({ json: input.json, account, aws, ...optional("cluster", clusterArn) }, io);
  }
  const { policy, from, gap } = await policyFor(input, aws, io);
  io.err(`${whereOf(account, aws)}, by ${from}: nothing is changed\n`);
  const progress = scanProgress(io, systemClock);
  const read = await scanAccount(createAccountInventory(aws), createEcs(aws), {
    ...optional("cluster", clusterArn),
    policy,
    ecrHost: ecrHost(account, aws.region),
    clock: systemClock,
    ...(input.verify ? { verify: await registriesOf(account, policy, aws, io) } : {}),
    onProgress: progress.tell,
  });
  progress.end();
  const scanned = gap === undefined ? read : { ...read, gaps: [gap, ...read.gaps] };
  if (input.html !== undefined) {
    const { scanAsHtml } = await import("./report/report.ts");
    const at = new Date(systemClock.now()).toISOString();
    await writeReport(input.html, scanAsHtml(scanned, { account, region: aws.region, at }), io);
  }
  printScan(scanned, input, stackFlags(input), io);
  return EXIT.done;
}

/** Registries as a remediation asks them, with the policy's account and endpoints. */
async function registriesOf(
  account: string,
  policy: Policy,
  aws: AwsSettings,
  io: CommandIo,
): Promise<Ports> {
  const { accountPorts } = await import("../account/account-ports.ts");
  return accountPorts({ aws, account, policy, log: silentLog }, io);
}

type ScanPolicy = { readonly policy: Policy; readonly from: string; readonly gap?: string };

/** A scan uses the default policy where the stack does not tell. */
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
