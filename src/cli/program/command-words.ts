/** A command and the words that name it: `policy check`. */

import type { Command } from "commander";
import { suggest } from "../../text/suggest.ts";

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

function unknownCommand(word: string, group: Command): string {
  const likely = suggest(
    word,
    group.commands.map((one) => one.name()),
  );
  return `unknown command '${word}'${likely === undefined ? "" : `, perhaps ${likely}`}`;
}
