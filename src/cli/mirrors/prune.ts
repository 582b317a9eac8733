/** `repull mirrors prune`: has the function delete copies that nothing uses; without `--yes`, only say which. */

import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import { invokeMirrors } from "../../aws/mirrors/invoke-mirrors.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { linesOf } from "../../text/visible.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { findStack } from "../account/find-stack.ts";
import { whereOf } from "../account/where.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { permissions } from "../output/permissions.ts";
import { RefusedCommand } from "../refused-command.ts";
import { formatPrune } from "./format-prune.ts";
import { type Prune, pruneReportSchema } from "./prune-line.ts";

export type PruneInput = {
  readonly stack?: string;
  readonly yes: boolean;
  readonly rights: boolean;
  readonly json: boolean;
};

/** The function has the rights to look and to delete: the caller has only to reach it. */
export const PRUNE_ACTIONS: readonly string[] = [
  "lambda:InvokeFunction",
  "lambda:ListFunctions",
  "lambda:ListTags",
  "sts:GetCallerIdentity",
];

/** Exit status 0 where all was done, 1 where something was not deleted, 4 where writes are stopped, 5 where another run works. */
export async function prune(input: PruneInput, io: CommandIo): Promise<number> {
  if (input.rights) {
    io.out(permissions(PRUNE_ACTIONS, input.json));
    return EXIT.done;
  }
  const aws = await awsSettingsFrom(io);
  const { account } = await getCallerIdentity(aws);
  const stack = input.stack ?? (await findStack(aws));
  if (stack === undefined)
    throw new RefusedCommand(
      "no-stack",
      `no stack of Repull is deployed in ${aws.region}: nothing was deleted`,
    );
  io.err(`${whereOf(account, aws)}, stack ${stack}${input.yes ? "" : ": nothing is changed"}\n`);
  const report = pruneReportSchema.parse(await invoke(aws, stack, input.yes));
  if (input.yes && report.kind === "dry-run")
    throw new RefusedCommand(
      "no-right",
      `${stack}-mirrors may not delete: nothing was deleted; deploy infra/mirrors.yaml with Mirrors=prune`,
    );
  const told: Prune = { type: "prune", stack, ...report };
  io.out(input.json ? jsonLine("prune", told) : linesOf(formatPrune(told)));
  if (report.kind === "stopped") return EXIT.refused;
  if (report.kind === "locked") return EXIT.unfinished;
  return report.failed.length === 0 ? EXIT.done : EXIT.failed;
}

async function invoke(aws: Parameters<typeof invokeMirrors>[0], stack: string, isYes: boolean) {
  try {
    return await invokeMirrors(aws, stack, { dryRun: !isYes });
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== "absent") throw error;
    const because = `${stack}-mirrors is not deployed: nothing was deleted; infra/mirrors.yaml deploys it`;
    throw new RefusedCommand("no-stack", because, { cause: error });
  }
}
