/**
 * `repull mirrors refresh`: has the function ask whether the tags of copies have moved; without `--yes`, nothing is copied. No
 * service is changed by it.
 */

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
import { formatRefresh } from "./format-refresh.ts";
import { PRUNE_ACTIONS, type PruneInput } from "./prune.ts";
import { type Refresh, refreshReportSchema } from "./refresh-line.ts";

/** Exit status 0, 1 where a source is lost or a copy failed, 5 where another run works or something could not be read. */
export async function refresh(input: PruneInput, io: CommandIo): Promise<number> {
  if (input.rights) {
    // The function has the rights to look and to have copied: the caller has only to reach it.
    io.out(permissions(PRUNE_ACTIONS, input.json));
    return EXIT.done;
  }
  const aws = await awsSettingsFrom(io);
  const { account } = await getCallerIdentity(aws);
  const stack = input.stack ?? (await findStack(aws));
  if (stack === undefined)
    throw new RefusedCommand(
      "no-stack",
      `no stack of Repull is deployed in ${aws.region}: nothing was copied`,
    );
  io.err(`${whereOf(account, aws)}, stack ${stack}${input.yes ? "" : ": nothing is changed"}\n`);
  const report = refreshReportSchema.parse(await invoke(aws, stack, input.yes));
  const told: Refresh = { type: "refresh", stack, ...report };
  io.out(input.json ? jsonLine("refresh", told) : linesOf(formatRefresh(told)));
  if (report.kind === "locked") return EXIT.unfinished;
  const failed = [...report.moved, ...report.wanted].some(({ copy }) =>
    ["failed", "none"].includes(copy.kind),
  );
  if (report.lost.length > 0 || failed || report.problems.length > 0) return EXIT.failed;
  return report.unread.length > 0 || report.unanswered > 0 ? EXIT.unfinished : EXIT.done;
}

async function invoke(aws: Parameters<typeof invokeMirrors>[0], stack: string, isYes: boolean) {
  try {
    return await invokeMirrors(aws, stack, { dryRun: !isYes }, "refresh");
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== "absent") throw error;
    const because = `${stack}-refresh is not deployed: nothing was copied; deploy infra/mirrors.yaml with Mirrors=refresh`;
    throw new RefusedCommand("no-stack", because, { cause: error });
  }
}
