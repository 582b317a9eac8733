/** What a command's exit status tells a script; `repull help` says the same. */

import type { CopyErrorKind } from "../oci/copy-error.ts";

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  rateLimited: 3,
  refused: 4,
  unfinished: 5,
  stopped: 130,
} as const;

export const EXIT_WORDS =
  "Exit status: 0 done, 1 failed, 2 not understood, 3 a rate limit is reached, 4 refused (no login, no right, or a tag that stands for something else), 5 not brought to an end, 130 stopped by Ctrl-C or SIGTERM.";

/** The status of a copy, or of a question, that did not succeed. A limit passes; a refusal stays until a person acts. */
export function exitStatusOf(kind: CopyErrorKind): number {
  if (kind === "rate-limited") return EXIT.rateLimited;
  return ["unauthorized", "denied", "tag-taken"].includes(kind) ? EXIT.refused : EXIT.failed;
}
