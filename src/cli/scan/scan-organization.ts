/**
 * `repull scan --organization`: every active account of an organisation in one report, each read by a role in it. The account of the
 * caller is read as it is, without a role.
 */

import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import type { AwsSettings } from "../../aws/client/client-config.ts";
import { type OrganizationAccounts, readOrganizationAccounts } from "../../aws/scan/organization-accounts.ts";
import { optional } from "../../ecs/json-fields.ts";
import { partitionOf } from "../../image/ecr-hosts.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { inactiveAccount, nameOfNotScanned } from "../../scan/not-scanned.ts";
import { counted } from "../../text/counted.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { type Permission, permissions } from "../output/permissions.ts";
import { refuseWithoutFolder } from "../output/write-report.ts";
import { RefusedCommand } from "../refused-command.ts";
import { WrongCall } from "../wrong-call.ts";
import type { ScanInput } from "./read-place.ts";
import { scanAccounts } from "./scan-accounts.ts";
import { ORGANIZATION_ACTIONS, SCAN_ACTIONS, VERIFY_ACTIONS } from "./scan-permissions.ts";

/** What infra/scan-role.yaml names its role. */
const ROLE_NAME = "RepullScan";
/** Each account has limits of its own; what they share are the address that sends, and this process. */
const ACCOUNTS_AT_ONCE = 5;

/** Exit status as of several accounts, and 5 too where the list of accounts is not whole. */
export async function scanOrganization(input: ScanInput, io: CommandIo): Promise<number> {
  const { roleName = ROLE_NAME, externalId } = input;
  const units = listIn("--ou", input.ou, /^(?:ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32})$/);
  const ids = listIn("--accounts", input.accounts, /^[0-9]{12}$/);
  refuseImpossible(input, roleName);
  if (input.rights) {
    const lists = units.length > 0 ? ORGANIZATION_ACTIONS.units : ORGANIZATION_ACTIONS.all;
    const own = [...SCAN_ACTIONS, ...(input.verify ? VERIFY_ACTIONS : []), ...(ids.length > 0 ? [] : lists)];
    io.out(permissions(own.toSorted(), input.json, [mayAssume(roleName, io)]));
    return EXIT.done;
  }
  refuseWithoutFolder(input.html);
  const aws = await awsSettingsFrom(io);
  const { account: own, partition } = await getCallerIdentity(aws);
  const { accounts, inactive, gaps } =
    ids.length > 0
      ? { accounts: ids.map((id) => ({ id })), inactive: [], gaps: [] }
      : await listed(aws, units);
  io.err(`${counted(accounts.length, "account")} of the organisation, by the role ${roleName} in each\n`);
  const notScanned = inactive.map(({ id, name, state }) => inactiveAccount(id, name, state));
  for (const one of notScanned) io.err(`${nameOfNotScanned(one)} is not scanned: ${one.because}\n`);
  for (const gap of gaps) io.err(`not read: the whole list of accounts: ${gap}\n`);
  if (accounts.length === 0)
    throw new InvalidInput("--ou", "an organisational unit with active accounts in it, or below it");
  const toScan = accounts.map(({ id, ...named }: OrganizationAccounts["accounts"][number]) => ({
    member: {
      id,
      ...named,
      ...optional(
        "role",
        id === own
          ? undefined
          : {
              arn: `arn:${partition}:iam::${id}:role/${roleName}`,
              ...optional("externalId", externalId),
            },
      ),
    },
  }));
  return await scanAccounts(toScan, input, io, {
    atOnce: ACCOUNTS_AT_ONCE,
    gaps: gaps.map((gap) => `accounts of the organisation: ${gap}`),
    notScanned,
  });
}

function refuseImpossible({ profile, starts, ou, accounts, externalId }: ScanInput, roleName: string): void {
  if (profile?.includes(","))
    throw new WrongCall("--organization with --profile A,B: name the one profile that may list its accounts");
  if (starts === true) throw new WrongCall("--starts is about one account");
  if (ou !== undefined && accounts !== undefined)
    throw new WrongCall("--ou and --accounts exclude each other");
  // A name with its path, as an ARN has it: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
  if (!/^(?:[\w+=,.@-]{1,128}\/){0,8}[\w+=,.@-]{1,64}$/.test(roleName))
    throw new InvalidInput("--role-name", "the name of a role, which is the same in each account");
  if (externalId !== undefined && !/^[\w+=,.@:/-]{2,1224}$/.test(externalId))
    throw new InvalidInput("--external-id", "2 to 1,224 letters, digits and + = , . @ : / -");
}

/** Each once. Throws InvalidInput. */
function listIn(option: string, text: string | undefined, form: RegExp): readonly string[] {
  if (text === undefined) return [];
  const names = text.split(",").map((name) => name.trim());
  const strange = names.find((name) => !form.test(name));
  if (strange !== undefined)
    throw new InvalidInput(
      option,
      option === "--ou"
        ? "organisational units (ou-…) or a root (r-…) with commas between them"
        : "account numbers of 12 digits with commas between them",
    );
  return [...new Set(names)];
}

/** Throws RefusedCommand where this caller may not see the organisation, or is in none. */
async function listed(aws: AwsSettings, units: readonly string[]): Promise<OrganizationAccounts> {
  try {
    return await readOrganizationAccounts(aws, units);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const code = error.cause instanceof Error ? error.cause.name : "";
    if (code === "ParentNotFoundException")
      throw new InvalidInput("--ou", `units of this organisation: ${error.message}`, { cause: error });
    if (error.kind !== "denied" && code !== "AWSOrganizationsNotInUseException") throw error;
    throw new RefusedCommand("organization-unread", error.message, { cause: error });
  }
}

function mayAssume(roleName: string, { env }: Pick<CommandIo, "env">): Permission {
  const partition = partitionOf(env.AWS_REGION || env.AWS_DEFAULT_REGION || "us-east-1");
  return {
    Effect: "Allow",
    Action: ["sts:AssumeRole"],
    Resource: `arn:${partition}:iam::*:role/${roleName}`,
  };
}
