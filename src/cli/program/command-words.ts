/** A command and the words that name it: `policy check`. */

import type { Command } from "commander";

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
