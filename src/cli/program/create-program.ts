/** All commands and options of `repull`, as commander reads them: what a person can type, and nothing of what it does. */

import { Command } from "commander";
import { addApprovalCommands } from "./approval-commands.ts";
import { addHelpTexts } from "./help-text.ts";
import { addHistoryCommands } from "./history-commands.ts";
import { addOperationCommands } from "./operation-commands.ts";
import { addPolicyCommands } from "./policy-commands.ts";
import type { ProgramParts } from "./program-parts.ts";
import { addRegistryCommands } from "./registry-commands.ts";
import { addSandboxCommands } from "./sandbox-commands.ts";
import { addServiceCommands } from "./service-commands.ts";
import { addShellCommands } from "./shell-commands.ts";

export type ProgramOptions = Omit<ProgramParts, "program"> & {
  readonly version: string;
  /** Told of the command that is about to run. */
  begin(command: Command): void;
};

export function createProgram({ version, begin, io, finish }: ProgramOptions): Command {
  const program = new Command("repull")
    .description("Puts Amazon ECS services that hit a registry's pull limit back on their feet.")
    .version(version)
    .option("--verbose", "tell of each request to AWS, and of the stack of a fault", false)
    .option("--quiet", "print results and errors alone, no progress", false)
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .hook("preAction", (_, command) => begin(command))
    .exitOverride();
  const parts = { program, io, finish };
  addSandboxCommands(parts);
  addServiceCommands(parts);
  addOperationCommands(parts);
  addHistoryCommands(parts);
  addApprovalCommands(parts);
  addRegistryCommands(parts);
  addPolicyCommands(parts);
  addShellCommands(parts);
  addHelpTexts(program);
  return program;
}
