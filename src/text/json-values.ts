/**
 * Several JSON documents one after the other, as `jq .` writes them: each over as many lines as it likes.
 *
 * Only the ends are looked for, so that one broken document does not hide the others; time goes with the text's length.
 */

export type JsonPiece = { readonly index: number; readonly text: string };

/** The objects and arrays of a text, and the text between them, in order; blanks are left out. */
export function jsonPieces(text: string): readonly JsonPiece[] {
  const pieces: JsonPiece[] = [];
  let from = 0;
  const push = (to: number): void => {
    const piece = text.slice(from, to);
    const trimmed = piece.trim();
    if (trimmed !== "") pieces.push({ index: from + piece.indexOf(trimmed), text: trimmed });
    from = to;
  };
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (inString) {
      if (letter === "\\") at += 1;
      else if (letter === '"') inString = false;
    } else if (letter === '"') {
      inString = true;
    } else if (letter === "{" || letter === "[") {
      if (depth === 0) push(at);
      depth += 1;
    } else if ((letter === "}" || letter === "]") && depth > 0) {
      depth -= 1;
      if (depth === 0) push(at + 1);
    }
  }
  push(text.length);
  return pieces;
}
