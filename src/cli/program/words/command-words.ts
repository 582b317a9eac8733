/** A command and the words that name it: `policy check`. */

import type { Command } from "commander";
import { suggest } from "../../../text/suggest.ts";
import { OTHER_COMMANDS, OTHER_OPTIONS } from "./other-tools.ts";

/** Empty for the program itself. */
export function wordsOf(command: Command): string {
  return command.parent === null ? "" : `${wordsOf(command.parent)} ${command.name()}`.trim();
}

/** The command that the words name, as far as they name one. */
export function commandOf(words: readonly string[], from: Command): Command {
  const [word, ...rest] = words.filter((one) => !one.startsWith("-"));
  const next = from.commands.find((one) => one.name() === word);
  return next === undefined ? from : commandOf(rest, next);
}

/** The first word of `help …` that names no command, with the one that was perhaps meant. */
export function unknownHelp(words: readonly string[], from: Command): string | undefined {
  const [word, ...rest] = words.filter((one) => !one.startsWith("-"));
  if (word === undefined || word === "help" || from.commands.length === 0) return undefined;
  const next = from.commands.find((one) => one.name() === word);
  return next === undefined ? unknownCommand(word, from) : unknownHelp(rest, next);
}

/** The same of a group whose default command takes no words: commander counts them, and does not say which is unknown. */
export function unknownInGroup(group: Command): string | undefined {
  const word = group.commands.flatMap(({ args }) => args)[0];
  return word === undefined ? undefined : unknownCommand(word, group);
}

/** The option that a command does not have, with the one of ours that other tools call so. */
export function unknownOption(message: string, command: Command): string | undefined {
  const word = /unknown option '([^'=]+)[^']*'/.exec(message)?.[1];
  if (word === undefined) return undefined;
  const has = (name: string): boolean =>
    [...command.options, ...programOf(command).options].some(({ long }) => long === name);
  const other = OTHER_OPTIONS[word];
  if (other !== undefined && has(other)) return `unknown option '${word}', perhaps ${other}`;
  if (word !== "--dry-run") return undefined;
  if (has("--diff")) return `unknown option '${word}', perhaps --diff`;
  if (command.name() === "fix") return `unknown option '${word}': repull plan shows it, and writes nothing`;
  return has("--yes") ? `unknown option '${word}': nothing is written without --yes` : undefined;
}

function programOf(command: Command): Command {
  return command.parent === null ? command : programOf(command.parent);
}

function unknownCommand(word: string, group: Command): string {
  const names = group.commands.map((one) => one.name());
  const others = group.parent === null ? OTHER_COMMANDS : {};
  const likely = others[word] ?? suggest(word, group.parent === null ? [...names, "help"] : names);
  return `unknown command '${word}'${likely === undefined ? "" : `, perhaps ${likely}`}`;
}
