/** The command line: reads arguments and environment, runs one command, prints and exits. Nothing else does. */

import { type Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { systemClock } from "../runtime/clock.ts";
import { EXIT } from "./exit-status.ts";
import { tooOldNode } from "./node-version.ts";
import { wrongCall } from "./output/command-error.ts";
import { processIo } from "./process-io.ts";
import { createProgram } from "./program/create-program.ts";
import { type AccountFlags, isBounded, namesSeveral, secondsIn } from "./program/options/account-options.ts";
import { reportPlace } from "./program/report-place.ts";
import {
  commandOf,
  unknownHelp,
  unknownInGroup,
  unknownOption,
  wordsOf,
} from "./program/words/command-words.ts";
import { readGivenWords } from "./program/words/given-words.ts";
import { RefusedCommand } from "./refused-command.ts";
import { createCommandRunner } from "./run-command.ts";
import { WrongCall } from "./wrong-call.ts";

const { given, flags } = givenIn(process.argv.slice(2));
const { io, stopped, endAfter, callOff } = processIo(process.env, systemClock, flags);
const { version, engines } = packageJson;
const runner = createCommandRunner(io, stopped, { version, reportTo: reportPlace(packageJson) });
const called = given.find((word) => !word.startsWith("-"));
const program = createProgram({ version, called, begin, io, finish: runner.finish });

/** Where, with which credentials and how long the command may run, before it runs. */
function begin(command: Command): void {
  const {
    region,
    profile,
    timeout,
    json: asJson,
  } = command.opts<AccountFlags & { readonly json?: boolean }>();
  runner.begin({ command: wordsOf(command), json: asJson === true, verbose: flags.verbose });
  // AWS's own SDK reads both from here too, for credentials.
  if (region !== undefined) process.env.AWS_REGION = region;
  if (profile !== undefined && !namesSeveral(command, profile)) process.env.AWS_PROFILE = profile;
  if (timeout !== undefined && isBounded(command)) endAfter(secondsIn(timeout));
}

/** Both are needed before any word is printed. */
function givenIn(words: readonly string[]) {
  const until = words.indexOf("--");
  const options = until < 0 ? words : words.slice(0, until);
  return {
    given: words,
    flags: {
      quiet: options.includes("--quiet") || options.includes("-q"),
      verbose: options.includes("--verbose"),
      json: options.includes("--json") || /(?:^| )(?:-o|--output)[ =]?json(?: |$)/.test(options.join(" ")),
    },
  };
}

/** Commander asks on a line of its own what was perhaps meant. */
function inOneLine(message: string): string {
  return message
    .replace(/^error: /, "")
    .replace(/\n\(Did you mean (.*)\?\)$/, ", perhaps $1")
    .replace(/^option '(\S+)[^']*' argument '(.*)' is invalid\. /, "$1 $2: ")
    .replace(
      /^command-argument value '(.*)' is invalid for argument '(.*)'\. Allowed choices are /,
      "$2 $1: expected one of ",
    )
    .replace(/ Allowed choices are /, " expected one of ");
}

if (flags.verbose) process.setSourceMapsEnabled(true);

/** `help policy check` is about `policy check`: commander's own looks at the first word only. */
const [first, ...words] = given;
const isHelp = first === "help" && words.length > 0;
let asked: readonly string[] = given;

try {
  const unfit = tooOldNode(process.version, engines.node);
  if (unfit !== undefined) throw new RefusedCommand("old-node", unfit);
  const unknown = isHelp ? unknownHelp(words, program) : undefined;
  if (unknown !== undefined) throw new WrongCall(unknown);
  asked = given.length === 0 || isHelp ? [...words, "--help"] : readGivenWords(given, program);
  await program.parseAsync(asked, { from: "user" });
} catch (error) {
  const named = commandOf(asked, program);
  const command = wordsOf(named);
  runner.begin({ command, ...flags });
  if (!(error instanceof CommanderError)) process.exitCode = runner.tellThrown(error);
  else if (error.exitCode === 0) process.exitCode = EXIT.done;
  // The help that commander shows where no command is named has said it.
  else if (error.code === "commander.help") process.exitCode = EXIT.usage;
  else {
    const isInGroup = error.code === "commander.excessArguments" && named.commands.length > 0;
    const inGroup = isInGroup ? unknownInGroup(named) : undefined;
    const isUnknown = error.code === "commander.unknownCommand";
    const unknown = isUnknown ? unknownHelp(asked, program) : unknownOption(error.message, named);
    process.exitCode = runner.tell(wrongCall(inGroup ?? unknown ?? inOneLine(error.message), command));
  }
} finally {
  callOff();
}
// A question that was given up may still wait for its answer: it must not keep the command from ending.
process.stderr.write("", () => process.stdout.write("", () => process.exit()));
