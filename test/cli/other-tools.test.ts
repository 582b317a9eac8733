/**
 * What people know from gh, kubectl and crane works here too, or the error names what is meant.
 *
 * https://cli.github.com/manual/gh_help_exit-codes, kubectl 1.36 and crane 0.22 (both run on 2026-11-29): a call without words
 * is the help on standard output and status 0; `-o json` and `--output json` print JSON; options may come before the command.
 */

import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "../../src/cli/program/create-program.ts";
import { statusHelp } from "../../src/cli/program/status-help.ts";
import { unknownHelp, unknownOption } from "../../src/cli/program/words/command-words.ts";
import { readGivenWords } from "../../src/cli/program/words/given-words.ts";
import { OTHER_COMMANDS, OTHER_OPTIONS } from "../../src/cli/program/words/other-tools.ts";
import { WrongCall } from "../../src/cli/wrong-call.ts";
import { commandIo } from "../support/command-io.ts";

const program = createProgram({ version: "0", io: commandIo({}), begin: () => {}, finish: async () => {} });

function commandNamed(words: string): Command {
  const found = words
    .split(" ")
    .reduce<Command | undefined>((from, word) => from?.commands.find((one) => one.name() === word), program);
  if (found === undefined) throw new Error(`there is no command ${words}`);
  return found;
}

describe("the words of a call", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [typed: string, read: string][] = [
    ["status --json",                              "status --json"],
    ["status -o json",                             "status --json"],
    ["status -ojson",                              "status --json"],
    ["status -o=json",                             "status --json"],
    ["status --output json",                       "status --json"],
    ["status --output=json",                       "status --json"],
    ["-o json status",                             "status --json"],
    ["--json status",                              "status --json"],
    ["--region us-east-1 status",                  "status --region us-east-1"],
    ["--region=us-east-1 status",                  "--region=us-east-1 status"],
    ["--profile a --json plan web --stack s",      "plan web --stack s --profile a --json"],
    ["--quiet status",                             "status --quiet"],
    ["-q status",                                  "status -q"],
    ["-n repull history a/b/c",                    "history a/b/c -n repull"],
    ["scan --context blue",                        "scan --kube-context blue"],
    ["scan --context=blue",                        "scan --kube-context=blue"],
    ["kubernetes controller --kube-context blue",  "kubernetes controller --context blue"],
    ["kubernetes controller --context blue",       "kubernetes controller --context blue"],
    ["explain --text -o",                          "explain --text -o"],
    ["plan -- -o json",                            "plan -- -o json"],
    ["-V",                                         "--version"],
    ["-v",                                         "-v"],
    ["--verion",                                   "--verion"],
    ["--json",                                     "--json"],
  ];
  for (const [typed, read] of table)
    it(`are read as ${read} when ${typed} is typed`, () => {
      expect(readGivenWords(typed.split(" "), program).join(" ")).toBe(read);
    });

  for (const typed of ["status -o yaml", "status --output=table", "status -o"])
    it(`are a wrong call when ${typed} is typed`, () => {
      expect(() => readGivenWords(typed.split(" "), program)).toThrow(WrongCall);
    });
});

describe("a command of another tool", () => {
  for (const [typed, meant] of Object.entries(OTHER_COMMANDS))
    it(`is answered with repull ${meant} when repull ${typed} is typed`, () => {
      expect(commandNamed(meant).name()).toBe(meant);
      expect(program.commands.map((one) => one.name())).not.toContain(typed);
      expect(unknownHelp([typed], program)).toContain(`perhaps ${meant}`);
    });
});

describe("a typing mistake", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [typed: string, meant: string | undefined][] = [
    ["stauts",         "status"],
    ["staus",          "status"],
    ["hlep",           "help"],
    ["fxi",            "fix"],
    ["mirors",         "mirrors"],
    ["mirrors prnue",  "prune"],
    ["policy chek",    "check"],
    ["rate-limits",    "rate-limit"],
    ["kubernets",      "kubernetes"],
    ["xyzzy",          undefined],
  ];
  for (const [typed, meant] of table)
    it(`is answered with ${meant ?? "no guess"} when it is ${typed}`, () => {
      expect(/perhaps (\S+)/.exec(unknownHelp(typed.split(" "), program) ?? "")?.[1]).toBe(meant);
    });
});

describe("an option of another tool", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [command: string, option: string, meant: RegExp | undefined][] = [
    ["fix",            "--dry-run",  /repull plan/],
    ["undo",           "--dry-run",  /--yes/],
    ["mirrors prune",  "--dry-run",  /--yes/],
    ["check",          "--dry-run",  /--diff/],
    ["plan",           "--dry-run",  undefined],
    ["plan",           "--force",    undefined],
    ["demo",           "--xyzzy",    undefined],
    ...Object.entries(OTHER_OPTIONS).map(
      ([option, meant]): [string, string, RegExp] => [meant === "--because" ? "pause" : "fix", option, new RegExp(meant)],
    ),
  ];
  for (const [command, option, meant] of table)
    it(`is answered with ${meant?.source ?? "no guess"} when repull ${command} has ${option}`, () => {
      const told = unknownOption(`error: unknown option '${option}'`, commandNamed(command));
      if (meant === undefined) expect(told).toBeUndefined();
      else expect(told).toMatch(meant);
    });
});

/** Every command that can be called, and every group. */
function all(from: Command, path = ""): readonly { readonly words: string; readonly command: Command }[] {
  return from.commands.flatMap((command) => {
    const words = `${path} ${command.name()}`.trim();
    return [{ words, command }, ...all(command, words)];
  });
}

function helpOf(command: Command): string {
  let text = "";
  const writeOut = (chunk: string): void => {
    text += chunk;
  };
  command.configureOutput({ writeOut });
  command.outputHelp();
  return text;
}

const COMMANDS = all(program).map(({ words, command }) => ({ words, command, help: helpOf(command) }));
const HELP_LINE_MAX = 120;
const SUMMARY_WORDS_MAX = 15;

describe("the help", () => {
  for (const { words, command, help } of COMMANDS)
    it(`of ${words} has examples, what a status means, and what only it has before what it shares`, () => {
      expect(help).toMatch(/^Examples:\n {2}repull |^Examples:\n {2}\S.*repull /m);
      if (command.commands.length > 0) expect(help).toContain(`repull help ${words} COMMAND`);
      else expect(help).toContain(statusHelp(words));
      const headings: readonly string[] = help.match(/^[A-Z][^\n]*:$/gm) ?? [];
      expect(
        headings.filter((one) =>
          /^(?:Options|Stack and policy|AWS|Kubernetes cluster|Of every command):$/.test(one),
        ),
      ).toEqual(
        ["Options:", "Stack and policy:", "AWS:", "Kubernetes cluster:", "Of every command:"].filter((one) =>
          headings.includes(one),
        ),
      );
      expect(help).not.toContain("display help");
      expect(help.split("\n").filter((line) => line.length > HELP_LINE_MAX)).toEqual([]);
      expect(command.summary().split(" ").length).toBeLessThanOrEqual(SUMMARY_WORDS_MAX);
      expect(command.summary()).not.toBe("");
    });

  // biome-ignore format: a table is read by its columns
  const shorts: readonly [long: string, short: string][] = [
    ["--yes",        "-y"],
    ["--namespace",  "-n"],
    ["--quiet",      "-q"],
    ["--version",    "-v"],
  ];
  for (const [long, short] of shorts)
    it(`has ${short} for ${long} in every command that has it`, () => {
      const options = [program, ...COMMANDS.map(({ command }) => command)].flatMap((one) => one.options);
      const found = options.filter((option) => option.long === long);
      expect(found.length).toBeGreaterThan(0);
      expect(found.filter((option) => option.short !== short)).toEqual([]);
    });
});
