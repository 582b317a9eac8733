/** `repull policy check FILE`: whether a policy document is one, and what it says today. Asks nobody. */

import type { Clock } from "../runtime/clock.ts";
import { checkPolicy } from "../substitution/policy-check.ts";
import { nextOpening, onTheWall, type Windows } from "../substitution/windows.ts";
import type { CommandIo } from "./io.ts";

/** Exit status 0 where the document is a policy, 1 where it is none. */
export async function policyCheck(
  { file, json }: { file: string; json: boolean },
  io: CommandIo,
  clock: Pick<Clock, "now">,
): Promise<number> {
  const text = await io.readFile(file);
  if (text === undefined) {
    io.err(`repull policy check: there is no ${file}, or it cannot be read\n`);
    return 1;
  }
  const checked = checkPolicy(text);
  const windows = checked.kind === "valid" ? checked.policy.windows : undefined;
  const opensAt = windows === undefined ? undefined : nextOpening(windows, clock.now());
  if (json) {
    const { lines: _, ...rest } = checked;
    const opening = opensAt === undefined ? {} : { nextOpening: new Date(opensAt).toISOString() };
    io.out(`${JSON.stringify({ file, ...rest, ...opening })}\n`);
  } else {
    const heading = checked.kind === "valid" ? "a policy (* differs from the default)" : "no policy";
    const opening =
      windows === undefined || opensAt === undefined ? [] : [openingInWords(windows, opensAt, clock.now())];
    io.out(
      `${[`${file}: ${heading}`, ...[...checked.lines, ...opening].map((line) => `  ${line}`)].join("\n")}\n`,
    );
  }
  return checked.kind === "valid" ? 0 : 1;
}

function openingInWords(windows: Windows, opensAt: number, now: number): string {
  if (opensAt === now) return "a maintenance window is open now";
  const hours = Math.floor((opensAt - now) / 3_600_000);
  const minutes = Math.ceil((opensAt - now) / 60_000) % 60;
  return `the next maintenance window opens at ${onTheWall(windows, opensAt)}, in ${hours} h ${minutes} min`;
}
