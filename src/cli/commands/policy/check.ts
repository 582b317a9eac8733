/**
 * `repull policy check FILE`: whether a policy document is one, and what it says. With `--stack` also whether that stack gives
 * the rights that it needs; without it, no request is sent.
 */

import { checkPolicy } from "../../../substitution/policy/explain-policy.ts";
import { STANDARD_PARAMETER_CHARACTERS_MAX } from "../../../substitution/policy/init-document.ts";
import { type NeededRight, neededRights } from "../../../substitution/policy/needed-rights.ts";
import { linesOf } from "../../../text/visible.ts";
import { quoted } from "../../account/stack-flags.ts";
import { EXIT } from "../../exit-status.ts";
import type { CommandIo } from "../../io.ts";
import { tellWrongCall } from "../../output/command-error.ts";
import { jsonLine } from "../../output/json-line.ts";
import { unreadableFile } from "../../wrong-call.ts";
import { type ComparedRight, compareWithStack } from "./compare-with-stack.ts";

export type PolicyCheckInput = {
  readonly file: string;
  /** The stack that is to use the document. */
  readonly stack?: string;
  readonly json: boolean;
};

/**
 * Exit status 0 where the document is a policy and the stack gives its rights, 1 where either is not so, 2 where there is nothing
 * to read, 4 where the stack cannot be read, 5 where a right could not be checked.
 */
export async function policyCheck({ file, stack, json }: PolicyCheckInput, io: CommandIo): Promise<number> {
  const text = await io.readFile(file);
  if (text === undefined) return tellWrongCall("policy check", unreadableFile(file, io).message, json, io);
  const checked = checkPolicy(text);
  const needed = checked.kind === "valid" ? neededRights(checked.policy) : [];
  const isCompared = stack !== undefined && checked.kind === "valid";
  const compared = isCompared ? await compareWithStack(needed, stack, io) : [];
  if (json) {
    const { lines: _, ...rest } = checked;
    const rights = isCompared ? { stack, rights: compared } : { rights: needed };
    io.out(jsonLine("policy", { file, ...rest, ...(checked.kind === "valid" ? rights : {}) }));
  } else {
    const heading = checked.kind === "valid" ? "a policy (* differs from the default)" : "not a policy";
    io.out(linesOf([`${file}: ${heading}`, ...checked.lines.map((line) => `  ${line}`)]));
    if (needed.length > 0) io.out(linesOf(isCompared ? comparedLines(stack, compared) : neededLines(needed)));
    if (checked.kind === "valid") io.out(linesOf(installLines(file, text.length)));
  }
  if (checked.kind === "invalid" || compared.some(({ given }) => given === "no")) return EXIT.failed;
  return compared.some(({ given }) => given === "not-checked") ? EXIT.unfinished : EXIT.done;
}

/** What a parameter of the tier Advanced takes. */
const ADVANCED_PARAMETER_CHARACTERS_MAX = 8192;

/** The parameter of the documentation: a stack says with PolicyParameter which one it reads. */
function installLines(file: string, length: number): readonly string[] {
  if (length > ADVANCED_PARAMETER_CHARACTERS_MAX)
    return [
      `It cannot be installed: it has ${length} characters, and a parameter takes ${ADVANCED_PARAMETER_CHARACTERS_MAX}. Shorten its lists with the wildcard *.`,
    ];
  const tier = length > STANDARD_PARAMETER_CHARACTERS_MAX ? " --tier Advanced" : "";
  return [
    "To install it, under the name that the stack's PolicyParameter has:",
    `  aws ssm put-parameter --name /repull/policy --type String --overwrite${tier} --value ${quoted(`file://${file}`)}`,
  ];
}

function neededLines(rights: readonly NeededRight[]): readonly string[] {
  return [
    "It needs these parameters of the stack (--stack NAME compares them with a deployed one):",
    ...rights.map(({ key, parameter, because }) => `  ${parameter}, for ${key}: ${because}`),
  ];
}

function comparedLines(stack: string, rights: readonly ComparedRight[]): readonly string[] {
  const missing = rights.filter(({ given }) => given === "no");
  const unchecked = rights.filter(({ given }) => given === "not-checked");
  if (missing.length + unchecked.length === 0) return [`The stack ${stack} gives every right that it needs.`];
  return [
    ...missing.map(
      ({ key, parameter, because, found }) =>
        `missing: ${key} needs the parameter ${parameter} of the stack ${stack}, which has: ${found} (${because})`,
    ),
    ...unchecked.map(({ key, parameter, found }) => `not checked: ${parameter}, for ${key}: ${found}`),
  ];
}
