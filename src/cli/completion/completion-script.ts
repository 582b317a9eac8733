/**
 * Shell completion, made from the commands themselves: each shell is given the words that may follow each command.
 *
 * Commander has none of its own. Only names of ours are offered; the names of services and files are the shell's own or the
 * person's, so that no Tab asks AWS.
 */

import type { Command } from "commander";
import { bashScript } from "./bash-script.ts";
import { completionWords, valueOptions } from "./completion-words.ts";
import { fishScript } from "./fish-script.ts";
import { zshScript } from "./zsh-script.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** The script for a shell; it ends with a line break. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](completionWords(program), valueOptions(program));
}
