/** The options by which a command that can write in an account says whose rules it goes by. */

import { type Command, Option } from "commander";
import type { DeployedConfigOptions } from "../../account/deployed-config.ts";

export type StackFlags = { readonly stack?: string | false; readonly policy?: string };

const STACK_GROUP = "Stack and policy:";

/** Adds `--stack NAME`, `--no-stack` and `--policy FILE`. */
export function addStackOptions(command: Command): Command {
  // Without a default: a region without a stack is another matter than an absent stack that was named.
  return command
    .addOption(
      new Option(
        "--stack <name>",
        "use the policy and the kill switch of this stack; absent: the region's only one",
      ).helpGroup(STACK_GROUP),
    )
    .addOption(
      new Option("--no-stack", "use no stack: the default policy, and no kill switch")
        .default(undefined)
        .helpGroup(STACK_GROUP),
    )
    .addOption(
      new Option("--policy <file>", "use this policy document in place of the stack's").helpGroup(
        STACK_GROUP,
      ),
    );
}

export function deployedConfigOptionsOf({ stack, policy }: StackFlags): DeployedConfigOptions {
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(policy === undefined ? {} : { policyFile: policy }),
  };
}
