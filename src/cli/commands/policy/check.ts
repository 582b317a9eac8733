/** `repull policy check FILE`: whether a policy document is one, and what it says. Sends no request. */

import { checkPolicy } from "../../../substitution/policy/explain-policy.ts";
import { STANDARD_PARAMETER_CHARACTERS_MAX } from "../../../substitution/policy/init-document.ts";
import { type NeededRight, neededRights } from "../../../substitution/policy/needed-rights.ts";
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
  const rights = checked.kind === "valid" ? neededRights(checked.policy) : [];
  if (json) {
    const { lines: _, ...rest } = checked;
    io.out(jsonLine("policy", { file, ...rest, ...(checked.kind === "valid" ? { rights } : {}) }));
  } else {
    const heading = checked.kind === "valid" ? "a policy (* differs from the default)" : "no policy";
    io.out(linesOf([`${file}: ${heading}`, ...checked.lines.map((line) => `  ${line}`)]));
    if (rights.length > 0)
      io.out(linesOf(["Rights that it needs, by the stack's parameters:", ...rights.map(formatRight)]));
    if (text.length > STANDARD_PARAMETER_CHARACTERS_MAX)
      io.out(
        `It has ${text.length} characters: a standard parameter takes ${STANDARD_PARAMETER_CHARACTERS_MAX} (put-parameter --tier Advanced: 8192).\n`,
      );
  }
  return checked.kind === "valid" ? 0 : 1;
}

function formatRight({ key, parameter, because }: NeededRight): string {
  return `  ${parameter}, for ${key}: ${because}`;
}
