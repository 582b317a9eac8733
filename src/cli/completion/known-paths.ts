/** The commands as bash and zsh look them up: ` plan policy policy/check `, each between two blanks. */

import type { CompletionWords } from "./completion-words.ts";

export function knownPaths(words: readonly CompletionWords[]): string {
  const paths = words.map(({ path }) => path.replaceAll(" ", "/")).filter(Boolean);
  return ` ${paths.join(" ")} `;
}

/** In single quotes, as bash and zsh read them. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
