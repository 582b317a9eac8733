/**
 * Text of strangers, made fit for a terminal and for a record: each character that would move the cursor, hide words or
 * reorder them is escaped, and the whole is bounded.
 *
 * Control characters (Unicode Cc), format characters such as bidirectional marks and joiners (Cf), line and paragraph
 * separators (Zl, Zp), and halves of surrogate pairs (Cs). https://www.unicode.org/reports/tr36/ (read 2026-11)
 */

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const LENGTH_MAX = 2000;
/** Ours: the progress line is drawn again. */
export const CLEAR_LINE = "\r\u001b[K";
const KEPT = new Set(["\n", "\t"]);

/** The text in one line: a line break in it is written as `\n`, and what is beyond the bound is left out. */
export function visible(text: string, lengthMax = LENGTH_MAX): string {
  const bounded = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
  return bounded.replace(UNSEEN, written);
}

/**
 * Lines for a reader, with words of strangers in them: none of them begins a line of its own.
 * @param indent of every line but the first
 */
export function linesOf(lines: readonly string[], indent = ""): string {
  const each = lines.map((line) => visible(line, Number.POSITIVE_INFINITY));
  return each.length === 0 ? "" : `${each.join(`\n${indent}`)}\n`;
}

/**
 * Text for a terminal, whatever its origin: its lines stay lines, and JSON stays JSON. Only the one place that writes calls
 * it. A write may begin by erasing the line that was drawn before.
 */
export function forTerminal(text: string): string {
  const own = text.startsWith(CLEAR_LINE) ? CLEAR_LINE : "";
  return (
    own +
    text
      .slice(own.length)
      .replace(UNSEEN, (character) => (KEPT.has(character) ? character : hexOf(character)))
  );
}

/** The same JSON document, with those characters escaped in its strings. */
export function visibleJson(document: unknown): string {
  return JSON.stringify(document).replace(UNSEEN, hexOf);
}

/** One character of UTF-16 after the other: JSON knows no longer escape. */
function hexOf(character: string): string {
  return Array.from({ length: character.length }, (_, at) => hex(character.charCodeAt(at))).join("");
}

function written(character: string): string {
  if (character === "\n") return "\\n";
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : hex(code);
}

function hex(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
