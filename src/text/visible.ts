/**
 * Text of strangers, made fit for a terminal and for a record: each character that would move the cursor, hide words or
 * turn their order is written out, and the whole is bounded.
 *
 * Control characters (Unicode Cc), format characters such as bidirectional marks and joiners (Cf), line and paragraph
 * separators (Zl, Zp), and halves of surrogate pairs (Cs). https://www.unicode.org/reports/tr36/ (read 2026-11)
 */

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const LENGTH_MAX = 2000;

/** The text in one line: a line break in it is written as `\n`, and what is beyond the bound is left out. */
export function visible(text: string, lengthMax = LENGTH_MAX): string {
  const bounded = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
  return bounded.replace(UNSEEN, written);
}

/** JSON whose strings hold no such character either: the same document for whoever reads it. */
export function visibleJson(document: unknown): string {
  // One character of UTF-16 after the other: JSON knows no longer escape.
  return JSON.stringify(document).replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, at) => hex(character.charCodeAt(at))).join(""),
  );
}

function written(character: string): string {
  if (character === "\n") return "\\n";
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : hex(code);
}

function hex(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
