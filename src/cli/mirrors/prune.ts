/** `repull mirrors prune`: has the function delete copies that nothing uses; without `--yes`, only say which. */

import { linesOf } from "../../text/visible.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { permissions } from "../output/permissions.ts";
import { RefusedCommand } from "../refused-command.ts";
import { askFunction, FUNCTION_ACTIONS, type FunctionInput } from "./ask-function.ts";
import { formatPrune } from "./format-prune.ts";
import { type Prune, pruneReportSchema } from "./prune-line.ts";

const MIRRORS = {
  name: "mirrors",
  untouched: "nothing was deleted",
  deployedBy: "infra/mirrors.yaml",
} as const;

/**
 * Exit status 0 where all was done, 1 where something was not deleted, 4 where writes are stopped, 5 where another run works or
 * not all could be read.
 */
export async function prune(input: FunctionInput, io: CommandIo): Promise<number> {
  if (input.rights) {
    io.out(permissions(FUNCTION_ACTIONS, input.json));
    return EXIT.done;
  }
  const answer = await askFunction(MIRRORS, input, io);
  const { stack } = answer;
  const report = pruneReportSchema.parse(answer.report);
  if (input.yes && report.kind === "dry-run")
    throw new RefusedCommand(
      "no-right",
      `${stack}-mirrors may not delete: nothing was deleted; deploy infra/mirrors.yaml with Mirrors=prune`,
    );
  const told: Prune = { type: "prune", stack, ...report };
  io.out(input.json ? jsonLine("prune", told) : linesOf(formatPrune(told)));
  if (report.kind === "stopped") return EXIT.refused;
  if (report.kind === "locked") return EXIT.unfinished;
  if (report.failed.length > 0) return EXIT.failed;
  return isUnread(report) ? EXIT.unfinished : EXIT.done;
}

/** Whether nothing could be decided. Without a copy that is known, only a reason is reported. */
function isUnread({ kept, because }: Pick<Prune, "kept" | "because">): boolean {
  if (Object.keys(kept).length === 0) return because !== undefined;
  return ["unread", "clocks-differ"].some((code) => (kept[code] ?? 0) > 0);
}
