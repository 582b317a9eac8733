/**
 * Shell completion, made from the commands themselves: each shell is given the words that may follow each command.
 *
 * Only names of ours are offered; the names of services and files are the shell's own or the person's.
 */

import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

type Words = {
  /** `policy check`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly name: string; readonly description: string }[];
};

/** The script for a shell; it ends with a line break. */
export function completionScript(program: Command, shell: Shell): string {
  const words = wordsOf(program, "");
  if (shell === "fish") return fish(words);
  const script = bash(words);
  return shell === "bash" ? script : `autoload -U +X bashcompinit && bashcompinit\n${script}`;
}

function wordsOf(command: Command, path: string): readonly Words[] {
  const { commands, options } = command;
  const globals = path === "" ? [] : rootOf(command).options;
  return [
    {
      path,
      commands: commands.map((one) => ({ name: one.name(), description: firstSentence(one.description()) })),
      options: [...options, ...globals].flatMap(({ long, description }) =>
        long ? [{ name: long, description: firstSentence(description) }] : [],
      ),
    },
    ...commands.flatMap((one) => wordsOf(one, `${path} ${one.name()}`.trim())),
  ];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function firstSentence(text: string): string {
  return text.split(/(?<=[.;:])\s/)[0] ?? text;
}

/** What was typed without its options chooses the row; a row of one word may be the command of two. */
function bash(words: readonly Words[]): string {
  const rows = words.map(({ path, commands, options }) => {
    const offered = [...commands, ...options].map(({ name }) => name).join(" ");
    return `    "${path}") offered="${offered} --help" ;;`;
  });
  return `_repull() {
  local typed="" word offered=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *)
      case " ${words
        .map(({ path }) => path.replaceAll(" ", "/"))
        .filter(Boolean)
        .join(" ")} " in
        *" \${typed:+\${typed// //}/}$word "*) typed="\${typed:+$typed }$word" ;;
      esac ;;
    esac
  done
  case "$typed" in
${rows.join("\n")}
  esac
  local current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
}
complete -o default -F _repull repull
`;
}

function fish(words: readonly Words[]): string {
  const lines = words.flatMap(({ path, commands, options }) => {
    const when =
      path === ""
        ? "__fish_use_subcommand"
        : path
            .split(" ")
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join("; and ");
    return [
      ...commands.map(
        ({ name, description }) => `complete -c repull -n '${when}' -f -a ${name} -d ${quoted(description)}`,
      ),
      ...options.map(
        ({ name, description }) =>
          `complete -c repull -n '${when}' -l ${name.slice(2)} -d ${quoted(description)}`,
      ),
    ];
  });
  return `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
