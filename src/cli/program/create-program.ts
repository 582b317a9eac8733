/** All commands and options of `repull`, as commander reads them: what a person can type, and nothing of what it does. */

import { Command, Help, Option } from "commander";
import { addApprovalCommands } from "./approval-commands.ts";
import { addCheckCommands } from "./check-commands.ts";
import { addHelpTexts } from "./help-text.ts";
import { addHistoryCommands } from "./history-commands.ts";
import { addKubernetesCommands } from "./kubernetes/kubernetes-commands.ts";
import { addOperationCommands } from "./operation-commands.ts";
import { addPolicyCommands } from "./policy-commands.ts";
import type { ProgramParts } from "./program-parts.ts";
import { addRegistryCommands } from "./registry-commands.ts";
import { addSandboxCommands } from "./sandbox-commands.ts";
import { addServiceCommands } from "./service-commands.ts";
import { addShellCommands } from "./shell-commands.ts";

const LAST_GROUP = "The command line:";

type Part = {
  readonly group: string;
  readonly add: (parts: ProgramParts) => void;
  /** What it adds, in the program itself. */
  readonly names: readonly string[];
};

/** As the help lists them. */
// biome-ignore format: a table is read by its columns
const PARTS: readonly Part[] = [
  { group: "Without an account:",     add: addSandboxCommands,    names: ["demo", "explain", "replay", "sandbox"] },
  { group: "Services of an account:", add: addServiceCommands,    names: ["scan", "diagnose", "plan", "fix"] },
  { group: "A deployed stack:",       add: addOperationCommands,  names: ["status", "doctor", "pause", "resume"] },
  { group: "A deployed stack:",       add: addHistoryCommands,    names: ["history", "undo"] },
  { group: "A deployed stack:",       add: addApprovalCommands,   names: ["approve", "deny"] },
  { group: "Before a deploy:",        add: addCheckCommands,      names: ["check"] },
  { group: "A cluster:",              add: addKubernetesCommands, names: ["kubernetes"] },
  { group: "Registries:",             add: addRegistryCommands,   names: ["mirror", "mirrors", "rate-limit"] },
  { group: "Settings:",               add: addPolicyCommands,     names: ["policy"] },
];

export type ProgramOptions = Omit<ProgramParts, "program"> & {
  readonly version: string;
  /** The command that is called; where it is known, the program has those of its part alone, which takes 4 ms less. */
  readonly called?: string | undefined;
  /** Gets the command that is about to run. */
  begin(command: Command): void;
};

/** What a flag is without being given needs no word: `(default: false)` says only that it is off. */
function describeOption(option: Option): string {
  const isOff =
    option.defaultValue === false || (Array.isArray(option.defaultValue) && option.defaultValue.length === 0);
  if (!isOff) return new Help().optionDescription(option);
  const plain = new Option(option.flags, option.description);
  return new Help().optionDescription(
    option.argChoices === undefined ? plain : plain.choices(option.argChoices),
  );
}

/** What a command alone has is read first, and what it shares with others after it. */
const OWN_OPTIONS = "Options:";

function ownOptionsFirst<T extends Command | Option>(
  unsorted: T[],
  seen: T[],
  headingOf: (one: T) => string,
): Map<string, T[]> {
  const groups = [...new Help().groupItems(unsorted, seen, headingOf)];
  const own = groups.filter(([heading]) => heading === OWN_OPTIONS);
  const sorted = own.map(([heading, all]) => [heading, all.toSorted((a, b) => rank(a) - rank(b))] as const);
  return new Map([...sorted, ...groups.filter(([heading]) => heading !== OWN_OPTIONS)]);
}

/** What nearly every command has comes after what only this one has. */
function rank(one: Command | Option): number {
  return one instanceof Option ? ["--json", "--help"].indexOf(one.long ?? "") : 0;
}

export function createProgram({ version, called, begin, io, finish }: ProgramOptions): Command {
  const program = new Command("repull")
    .description("Keeps containers on AWS starting when a registry's pull limit is reached.")
    .version(version, "-v, --version", "print the version")
    .option("--verbose", "show each request to AWS, and the stack of a fault")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "show how a command is called")
    .option("-q, --quiet", "print results and errors alone, no progress")
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} })
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => command.name(),
      optionDescription: describeOption,
      groupItems: ownOptionsFirst,
      styleTitle: (title) => (title === "Global Options:" ? "Of every command:" : title),
    })
    .hook("preAction", (_, command) => begin(command))
    .exitOverride();
  const parts = { program, io, finish };
  const known = PARTS.filter(({ names }) => called !== undefined && names.includes(called));
  for (const { group, add } of known.length > 0 ? known : PARTS) {
    program.commandsGroup(group);
    add(parts);
  }
  program.commandsGroup(LAST_GROUP);
  // These are about the whole program: completion lists every command.
  if (known.length === 0) addShellCommands(parts);
  program.addHelpCommand(
    new Command("help")
      .argument("[command]")
      .description("show how a command is called")
      .helpGroup(LAST_GROUP),
  );
  addHelpTexts(program);
  return program;
}
