/**
 * `repull mirrors refresh`: has the function ask whether the tags of copies have moved; without `--yes`, nothing is copied. No
 * service is changed by it, but by an operator's `--apply`.
 */

import { AwsError } from "../../remediation/ports/aws-error.ts";
import { linesOf } from "../../text/visible.ts";
import type { DeployedConfigOptions } from "../account/deployed-config.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { permissions } from "../output/permissions.ts";
import { RefusedCommand } from "../refused-command.ts";
import type { ApplyInput } from "./apply/apply.ts";
import { APPLY_ACTIONS } from "./apply/apply-rights.ts";
import { askFunction, FUNCTION_ACTIONS, type FunctionInput } from "./ask-function.ts";
import { formatRefresh } from "./format-refresh.ts";
import { type Refresh, refreshReportSchema } from "./refresh-line.ts";

const REFRESH = {
  name: "refresh",
  untouched: "nothing was copied",
  deployedBy: "infra/mirrors.yaml with Mirrors=refresh",
} as const;

export type RefreshInput = FunctionInput & {
  /** What to do beyond the refresh: services that follow a tag are moved. */
  readonly apply?: Omit<ApplyInput, "yes" | "json"> & { readonly config: DeployedConfigOptions };
};

/** Exit status 0, 1 where a source is lost or a copy failed, 5 where another run works or something could not be read. */
export async function refresh(input: RefreshInput, io: CommandIo): Promise<number> {
  const { apply: applied, yes, json } = input;
  if (input.rights) {
    const more = applied === undefined ? [] : APPLY_ACTIONS;
    io.out(permissions([...new Set([...FUNCTION_ACTIONS, ...more])].toSorted(), json));
    return EXIT.done;
  }
  if (applied === undefined) return await refreshed(input, io);
  const { config, ...selected } = applied;
  // A refresh may copy, and a copy takes pulls: what is a wrong call anyway ends before it.
  (await import("./apply/selection.ts")).namedImages(selected.images);
  const first = config.stack === false ? EXIT.done : await refreshedWhereDeployed(input, io);
  const [{ apply }, { openApplySession }] = await Promise.all([
    import("./apply/apply.ts"),
    import("./apply/apply-session.ts"),
  ]);
  const session = await openApplySession(config, io);
  const status = await apply({ ...selected, yes, json }, session, io);
  return status === EXIT.done ? first : status;
}

/** What is in ECR already can be run without the function. */
async function refreshedWhereDeployed(input: RefreshInput, io: CommandIo): Promise<number> {
  try {
    return await refreshed(input, io);
  } catch (error) {
    const isNotDeployed =
      error instanceof RefusedCommand && error.cause instanceof AwsError && error.cause.kind === "absent";
    if (!isNotDeployed) throw error;
    io.err(`${error.message}; copies that are there are looked at\n`);
    return EXIT.done;
  }
}

async function refreshed(input: FunctionInput, io: CommandIo): Promise<number> {
  const answer = await askFunction(REFRESH, input, io);
  const { stack } = answer;
  const report = refreshReportSchema.parse(answer.report);
  const told: Refresh = { type: "refresh", stack, ...report };
  io.out(input.json ? jsonLine("refresh", told) : linesOf(formatRefresh(told)));
  if (report.kind === "locked") return EXIT.unfinished;
  const failed = [...report.moved, ...report.wanted].some(({ copy }) =>
    ["failed", "none"].includes(copy.kind),
  );
  if (report.lost.length > 0 || failed || report.problems.length > 0) return EXIT.failed;
  return report.unread.length > 0 || report.unanswered > 0 ? EXIT.unfinished : EXIT.done;
}
