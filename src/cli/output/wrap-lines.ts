/**
 * Wraps sentences at the width of a terminal, between words, with the indent of their line.
 *
 * What may be copied stays one line, and the terminal breaks it: JSON, commands, and the two sides of a change. A pipe or a
 * file gets every line whole, as with gh and kubectl, so that grep sees it.
 */

const COPIED =
  /^\s*(?:[{}[\]"+-]|(?:next|undo|Undo): (?:repull|aws) |export |repull (?![a-z -]*: )|aws |npm |sam )/;
/** Where the words of a line begin: after its indent, and after the time of an entry. */
const LEAD = /^ *(?:\d\d:\d\d:\d\d +)?/;
/** A row of a table: columns are two blanks apart. */
const ROW = /\S {2,}\S/;
const COLUMNS_LEAST = 40;
/** A continued line is two further in, as far as that leaves room for words. */
const HANGING = 2;

/** @param columns of the terminal; undefined: the text is for a pipe or a file */
export function wrapLines(text: string, columns: number | undefined): string {
  if (columns === undefined || columns < COLUMNS_LEAST || text.includes("\r")) return text;
  return text
    .split("\n")
    .map((line) =>
      line.length <= columns || COPIED.test(line) || ROW.test(line.replace(LEAD, ""))
        ? line
        : wrap(line, columns),
    )
    .join("\n");
}

function wrap(line: string, columns: number): string {
  const lead = LEAD.exec(line)?.[0] ?? "";
  const hanging = " ".repeat(lead.length + HANGING);
  const lines: string[] = [];
  let current = lead;
  let isFirst = true;
  for (const word of line.slice(lead.length).split(" ")) {
    // A word that is longer than a line remains whole: it is a name, or an address.
    if (!isFirst && current.length + 1 + word.length > columns) {
      lines.push(current);
      current = `${hanging}${word}`;
    } else current = isFirst ? `${current}${word}` : `${current} ${word}`;
    isFirst = false;
  }
  return [...lines, current].join("\n");
}
