/** Completion in bash, for version 3.2 (macOS) and later: words alone, as bash shows no descriptions. */

import type { CompletionWords, ValueOptions } from "./completion-words.ts";
import { knownPaths } from "./known-paths.ts";

/** What was typed without its options chooses the row; a row of one word may be the command of two. */
export function bashScript(words: readonly CompletionWords[], { files, others }: ValueOptions): string {
  const rows = words.map(({ path, commands, values, options }) => {
    const names = [...commands, ...options].map(({ name }) => name);
    return `    "${path}") offered="${[...values, ...names].join(" ")}" ;;`;
  });
  return `_repull() {
  local typed="" word offered=""
  local current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    ${files.join("|")}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${others.join("|")}) return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *)
      case "${knownPaths(words)}" in
        *" \${typed:+\${typed// //}/}$word "*) typed="\${typed:+$typed }$word" ;;
      esac ;;
    esac
  done
  case "$typed" in
${rows.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
}
complete -o default -F _repull repull
`;
}
