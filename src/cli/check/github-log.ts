/**
 * Words of strangers in the log of a GitHub runner, which reads commands there: `::` where a line begins, blanks before it too, and
 * `##[` anywhere in a line.
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs (read 2026-11)
 */

import { createHash } from "node:crypto";
import type { CommandIo } from "../io.ts";

export function isInActions(github: boolean, { env }: Pick<CommandIo, "env">): boolean {
  return github || (env.GITHUB_ACTIONS ?? "") !== "";
}

/** Lines that stay as they are: the runner reads no command until it sees a word that cannot be in them, their own hash. */
export function withoutCommands(lines: string): string {
  const word = createHash("sha256").update(lines).digest("hex");
  return `::stop-commands::${word}\n${lines}${lines.endsWith("\n") ? "" : "\n"}::${word}::\n`;
}

/** The same output without a mark of the old commands: an escape that JSON knows too. */
export function withoutOldCommands(io: CommandIo): CommandIo {
  const escaped = (text: string): string => text.replaceAll("##[", "#\\u0023[");
  return Object.assign(Object.create(io) as CommandIo, {
    out: (text: string) => io.out(escaped(text)),
    err: (text: string) => io.err(escaped(text)),
  });
}
