/** Options that do not go together, or that are missing: exit status 2. */
export class WrongCall extends Error {
  override readonly name = "WrongCall";
}

export const NOT_READ = "there is no such file, or no right to read it";

/**
 * A file that a call names and that cannot be read: the same words in every command.
 *
 * @param option the option that names it; absent: an argument does
 */
export function unreadableFile(path: string, option?: string): WrongCall {
  return new WrongCall(`cannot read ${path}${option === undefined ? "" : ` (${option})`}: ${NOT_READ}`);
}
