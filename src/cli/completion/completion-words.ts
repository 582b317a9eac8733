/** What may follow each command, read from the commands themselves. */

import type { Command, Option } from "commander";

export type Offered = { readonly name: string; readonly description: string };

export type CompletionWords = {
  /** `policy check`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Offered[];
  /** The values of its first argument, where only some are possible. */
  readonly values: readonly string[];
  readonly options: readonly Offered[];
};

/** The options of all commands that take a value: what follows one is neither a command nor an option. */
export type ValueOptions = { readonly files: readonly string[]; readonly others: readonly string[] };

const HELP: Offered = { name: "--help", description: "print this help" };

/** Of the whole program; `help` is commander's own, and is among no commands. */
export function completionWords(program: Command): readonly CompletionWords[] {
  const [root, ...rest] = wordsOf(program, "");
  if (root === undefined) return [];
  const help = { name: "help", description: "Show how a command is called" };
  return [{ ...root, commands: [...root.commands, help] }, { ...root, path: "help", options: [] }, ...rest];
}

function wordsOf(command: Command, path: string): readonly CompletionWords[] {
  const { commands, options, registeredArguments } = command;
  const globals = path === "" ? [] : rootOf(command).options.filter(({ long }) => long !== "--version");
  return [
    {
      path,
      commands: commands.map((one) => ({ name: one.name(), description: firstSentence(one.description()) })),
      values: registeredArguments[0]?.argChoices ?? [],
      options: [...[...options, ...globals].flatMap(offered), HELP],
    },
    ...commands.flatMap((one) => wordsOf(one, `${path} ${one.name()}`.trim())),
  ];
}

export function valueOptions(command: Command): ValueOptions {
  const all = [command, ...descendants(command)].flatMap(({ options }) => options);
  const taking = all.filter(({ required, optional }) => required || optional);
  const isFile = ({ flags }: Option): boolean => /<(?:file|folder)>/.test(flags);
  const names = (options: readonly Option[]): readonly string[] =>
    [...new Set(options.flatMap(({ long }) => long ?? []))].toSorted();
  return { files: names(taking.filter(isFile)), others: names(taking.filter((one) => !isFile(one))) };
}

function descendants(command: Command): readonly Command[] {
  return command.commands.flatMap((one) => [one, ...descendants(one)]);
}

function offered({ long, description }: Option): readonly Offered[] {
  return long ? [{ name: long, description: firstSentence(description) }] : [];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function firstSentence(text: string): string {
  return (text.split(/(?<=[.;:])\s/)[0] ?? text).replace(/[.;:]$/, "");
}
