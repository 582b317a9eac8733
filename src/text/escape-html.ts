/** Text of others, fit for a page. */

/** Longer names than AWS gives are cut: they are not worth a page each. */
const TEXT_LENGTH_MAX = 300;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as text, wherever it is: marks that change the reading direction, and control characters, are shown as �. */
export function escaped(text: string): string {
  const cut =
    text.length > TEXT_LENGTH_MAX
      ? `${text.slice(0, TEXT_LENGTH_MAX)}… (${text.length.toLocaleString("en-US")} characters)`
      : text;
  return cut
    .toWellFormed()
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
