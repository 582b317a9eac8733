/** `repull policy check FILE`: whether a policy document is one, and what it says. Sends no request. */

import { checkPolicy } from "../../../substitution/policy/explain-policy.ts";
import { linesOf } from "../../../text/visible.ts";
import type { CommandIo } from "../../io.ts";
import { tellWrongCall } from "../../output/command-error.ts";
import { jsonLine } from "../../output/json-line.ts";

/** Exit status 0 where the document is a policy, 1 where it is none, 2 where there is nothing to read. */
export async function policyCheck(
  { file, json }: { file: string; json: boolean },
  io: CommandIo,
): Promise<number> {
  const text = await io.readFile(file);
  if (text === undefined)
    return tellWrongCall("policy check", `there is no ${file}, or it cannot be read`, json, io);
  const checked = checkPolicy(text);
  if (json) {
    const { lines: _, ...rest } = checked;
    io.out(jsonLine("policy", { file, ...rest }));
  } else {
    const heading = checked.kind === "valid" ? "a policy (* differs from the default)" : "no policy";
    io.out(linesOf([`${file}: ${heading}`, ...checked.lines.map((line) => `  ${line}`)]));
  }
  return checked.kind === "valid" ? 0 : 1;
}
