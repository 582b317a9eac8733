/** What the command line is given of its process, by its rim: streams, files, settings, and the signal to end. */

import type { Outgoing } from "./outgoing-requests.ts";

/** What a command may touch of the process that runs it: everything else would be hidden input. */
export type CommandIo = {
  /** Results, to standard output. */
  out(text: string): void;
  /** Progress and errors, to standard error. */
  err(text: string): void;
  /** Whether standard error is a terminal: progress may be redrawn. */
  readonly isTty: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file's text, or standard input's for `-`; undefined where it cannot be read. */
  readFile(path: string): Promise<string | undefined>;
  /** Why `readFile` could not read that path, in a few words; absent where only files that exist are read. */
  whyNotRead?(path: string): string | undefined;
  /** Writes a file anew; a rejection says why it cannot be written. */
  writeFile?(path: string, text: string): Promise<void>;
  /** Asks the person at the terminal; absent where there is none. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Sees what the command sends; absent where nothing is sent, or it cannot be interrupted. */
  readonly outgoing?: Outgoing;
};

/** Resolves when the person or the machine asks the command to end. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
