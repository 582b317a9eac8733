/** `repull scan`: what of an account depends on Docker Hub, and what the worst six hours would do. Writes nothing there. */

import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import { DIAGNOSE_RIGHTS } from "../../diagnosis/reads.ts";
import { optional } from "../../ecs/json-fields.ts";
import { systemClock } from "../../runtime/clock.ts";
import { countUp } from "../../scan/scan.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { stackFlags } from "../account/stack-flags.ts";
import { whereOf } from "../account/where.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { permissions } from "../output/permissions.ts";
import { refuseWithoutFolder, writeReport } from "../output/write-report.ts";
import { WrongCall } from "../wrong-call.ts";
import { printScan } from "./print-scan.ts";
import { clusterIn, readPlace, type ScanInput } from "./read-place.ts";
import { SCAN_ACTIONS, VERIFY_ACTIONS } from "./scan-permissions.ts";

/** Scans the region of the environment; exit status 0, whatever it finds. */
export async function scan(input: ScanInput, io: CommandIo): Promise<number> {
  if (input.organization !== true && organizationFlagOf(input) !== undefined)
    throw new WrongCall(`--${organizationFlagOf(input)} goes with --organization`);
  if (input.organization === true) {
    const { scanOrganization } = await import("./scan-organization.ts");
    return await scanOrganization(input, io);
  }
  if (input.rights) {
    const own = input.starts === true ? DIAGNOSE_RIGHTS : SCAN_ACTIONS;
    const actions = input.verify ? [...own, ...VERIFY_ACTIONS].toSorted() : own;
    io.out(permissions(actions, input.json));
    return EXIT.done;
  }
  if (input.profile?.includes(",")) {
    const { profilesIn, scanAccounts } = await import("./scan-accounts.ts");
    return await scanAccounts(
      profilesIn(input.profile).map((profile) => ({ profile })),
      input,
      io,
    );
  }
  refuseWithoutFolder(input.html);
  if (input.starts === true) return await starts(input, io);
  const { account, region, read } = await readPlace(input, io);
  const scanned = countUp(read);
  if (input.html !== undefined) {
    const { scanAsHtml } = await import("./report/report.ts");
    const at = new Date(systemClock.now()).toISOString();
    await writeReport(input.html, scanAsHtml(scanned, { account, region, at }), io);
  }
  printScan(scanned, input, stackFlags(input), io);
  return EXIT.done;
}

function organizationFlagOf({ ou, accounts, roleName, externalId }: ScanInput): string | undefined {
  const flags = { ou, accounts, "role-name": roleName, "external-id": externalId };
  return Object.entries(flags).find(([, value]) => value !== undefined)?.[0];
}

async function starts(input: ScanInput, io: CommandIo): Promise<number> {
  const aws = await awsSettingsFrom(io);
  const { account } = await getCallerIdentity(aws);
  const clusterArn = clusterIn(input, account, aws);
  io.err(`${whereOf(account, aws)}: nothing is changed\n`);
  const { scanStarts } = await import("./scan-starts.ts");
  return await scanStarts({ json: input.json, account, aws, ...optional("cluster", clusterArn) }, io);
}
