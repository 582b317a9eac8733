/** Completion in zsh, with descriptions: a file to source after compinit, or one named _repull in a folder of fpath. */

import type { CompletionWords, Offered, ValueOptions } from "./completion-words.ts";
import { knownPaths, shellQuoted } from "./known-paths.ts";

export function zshScript(words: readonly CompletionWords[], { files, others }: ValueOptions): string {
  const rows = words.map(
    ({ path, commands, values, options }) => `    (${shellQuoted(path)})
      commands=(${[...commands.map(described), ...values.map(shellQuoted)].join(" ")})
      options=(${options.map(described).join(" ")}) ;;`,
  );
  return `#compdef repull
_repull() {
  local typed="" word
  local -a commands options
  case "\${words[CURRENT-1]}" in
    (${files.join("|")}) _files; return ;;
    (${others.join("|")}) _message value; return ;;
  esac
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$word" in
      (-*) ;;
      (*)
        case "${knownPaths(words)}" in
          (*" \${typed:+\${typed// //}/}$word "*) typed="\${typed:+$typed }$word" ;;
        esac ;;
    esac
  done
  case "$typed" in
${rows.join("\n")}
  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe -o option options
  elif (( \${#commands} )); then
    _describe command commands
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _repull ]]; then
  _repull
else
  compdef _repull repull
fi
`;
}

/** The first colon parts the name from what it means. */
function described({ name, description }: Offered): string {
  return shellQuoted(`${name}:${description}`);
}
