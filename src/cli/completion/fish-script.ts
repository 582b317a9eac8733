/** Completion in fish, with descriptions: one line for each word that may follow a command. */

import type { CompletionWords, Offered, ValueOptions } from "./completion-words.ts";

export function fishScript(words: readonly CompletionWords[], { files, others }: ValueOptions): string {
  const lines = words.flatMap(({ path, commands, values, options }) => {
    const when = quoted(conditionOf(path, commands));
    return [
      ...commands.map(
        ({ name, description }) => `complete -c repull -n ${when} -f -a ${name} -d ${quoted(description)}`,
      ),
      ...values.map((value) => `complete -c repull -n ${when} -f -a ${value}`),
      ...options.map(({ name, description }) => {
        const takes = files.includes(name) ? " -r -F" : others.includes(name) ? " -x" : "";
        return `complete -c repull -n ${when} -l ${name.slice(2)}${takes} -d ${quoted(description)}`;
      }),
    ];
  });
  return `${lines.join("\n")}\n`;
}

/** A command of commands is no longer the one that is typed once one of them is. */
function conditionOf(path: string, commands: readonly Offered[]): string {
  if (path === "") return "__fish_use_subcommand";
  const seen = path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
  const ended = commands.map(({ name }) => name).join(" ");
  return [...seen, ...(ended === "" ? [] : [`not __fish_seen_subcommand_from ${ended}`])].join("; and ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
