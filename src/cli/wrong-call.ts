/**
 * What a call gets wrong before any work: options that do not go together or are missing, and files that cannot be read. Each
 * is exit status 2.
 */

import type { CommandIo } from "./io.ts";

export class WrongCall extends Error {
  override readonly name = "WrongCall";
}

const NO_SUCH_FILE = "there is no such file";

/** By the code of the operating system. */
const NOT_READ: ReadonlyMap<unknown, string> = new Map([
  ["ENOENT", NO_SUCH_FILE],
  ["ENOTDIR", NO_SUCH_FILE],
  ["EISDIR", "it is a folder, not a file"],
  ["EACCES", "this user may not read it"],
  ["EPERM", "this user may not read it"],
]);

type Reader = Pick<CommandIo, "whyNotRead">;

/** Why a file was not read, from what the attempt threw. */
export function notReadBecause(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return NOT_READ.get(code) ?? message;
}

/** Why the io could not read that file. */
export function whyNotRead(path: string, io: Reader): string {
  return io.whyNotRead?.(path) ?? NO_SUCH_FILE;
}

/**
 * A file that a call names and that cannot be read: the same words in every command.
 *
 * @param option the option that names it; absent: an argument does
 */
export function unreadableFile(path: string, io: Reader, option?: string): WrongCall {
  const named = option === undefined ? "" : ` (${option})`;
  return new WrongCall(`cannot read ${path}${named}: ${whyNotRead(path, io)}`);
}
