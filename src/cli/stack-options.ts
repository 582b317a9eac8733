/** The options by which a command that can write in an account says whose rules it goes by. */

import { type Command, Option } from "commander";
import type { DeployedConfigOptions } from "./account/deployed-config.ts";

export type StackFlags = { readonly stack?: string | false; readonly policy?: string };

/** Adds `--stack NAME`, `--no-stack` and `--policy FILE`. */
export function addStackOptions(command: Command): Command {
  // Without a default: a region without a stack is another matter than an absent stack that was named.
  return command
    .addOption(
      new Option(
        "--stack <name>",
        "the deployed stack by whose policy and kill switch it goes; absent: the region's only one",
      ),
    )
    .addOption(
      new Option("--no-stack", "go by no stack: the default policy, and no kill switch").default(undefined),
    )
    .addOption(new Option("--policy <file>", "a policy document that goes before the stack's"));
}

/** The options as a command that is printed takes them on: without them it may go by other rules, or be refused. */
export function flagsOf({ stack, policyFile }: DeployedConfigOptions): string {
  return [
    ...(stack === undefined ? [] : stack === false ? ["--no-stack"] : [`--stack ${quoted(stack)}`]),
    ...(policyFile === undefined ? [] : [`--policy ${quoted(policyFile)}`]),
  ]
    .map((flag) => ` ${flag}`)
    .join("");
}

function quoted(word: string): string {
  return /^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function deployedConfigOptionsOf({ stack, policy }: StackFlags): DeployedConfigOptions {
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(policy === undefined ? {} : { policyFile: policy }),
  };
}
