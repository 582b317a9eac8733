/**
 * `repull mirrors refresh`: has the function ask whether the tags of copies have moved; without `--yes`, nothing is copied. No
 * service is changed by it.
 */

import { linesOf } from "../../text/visible.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { permissions } from "../output/permissions.ts";
import { askFunction, FUNCTION_ACTIONS, type FunctionInput } from "./ask-function.ts";
import { formatRefresh } from "./format-refresh.ts";
import { type Refresh, refreshReportSchema } from "./refresh-line.ts";

const REFRESH = {
  name: "refresh",
  untouched: "nothing was copied",
  deployedBy: "infra/mirrors.yaml with Mirrors=refresh",
} as const;

/** Exit status 0, 1 where a source is lost or a copy failed, 5 where another run works or something could not be read. */
export async function refresh(input: FunctionInput, io: CommandIo): Promise<number> {
  if (input.rights) {
    io.out(permissions(FUNCTION_ACTIONS, input.json));
    return EXIT.done;
  }
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
