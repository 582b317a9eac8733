/** What each group of commands is added to, and what it runs its commands with. */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandIo } from "../io.ts";

export type ProgramParts = {
  readonly program: Command;
  readonly io: CommandIo;
  /** Runs a command to its exit status. */
  finish(run: () => Promise<number>): Promise<void>;
};

/** `--json`: the same words in each command. */
export const JSON_OPTION = new Option("--json", "one JSON object a line, to standard output").default(false);
export const SEED_OPTION = new Option(
  "--seed <seed>",
  "any word; it decides everything that the sandbox leaves to chance",
)
  .default("1")
  .argParser((seed) => {
    if (seed === "") throw new InvalidArgumentError("A seed is a word.");
    return seed;
  });
