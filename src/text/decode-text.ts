/**
 * The text in a file's bytes: UTF-8, or UTF-16 as PowerShell 5 writes it where output goes to a file by `>`.
 *
 * A byte order mark decides. Without one, zeros in every other of the first bytes do: JSON begins in ASCII.
 */

/** The text without its byte order mark; bytes that are not UTF-8 become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return withoutMark(new TextDecoder(encodingOf(bytes), { ignoreBOM: true }).decode(bytes));
}

/** The text without the byte order mark that editors on Windows put before it. */
export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, "");
}

function encodingOf([first, second, third, fourth]: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return "utf-16le";
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return "utf-16be";
  return "utf-8";
}
