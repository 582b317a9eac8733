/** The options by which a command that can write in an account says whose rules it goes by. */

import { type Command, Option } from "commander";
import type { DeployedConfigOptions } from "../../account/deployed-config.ts";

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

export function deployedConfigOptionsOf({ stack, policy }: StackFlags): DeployedConfigOptions {
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(policy === undefined ? {} : { policyFile: policy }),
  };
}
