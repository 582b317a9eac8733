/** Offsets as lines and columns: both from 1, columns in UTF-16 code units, as editors, GitHub and SARIF count them. */

export type Position = { readonly line: number; readonly column: number };

export type Lines = {
  position(offset: number): Position;
  /** The words of a line, without its end; undefined where there is no such line. */
  textOf(line: number): string | undefined;
};

export function linesOf(text: string): Lines {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineAt = (offset: number): number => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    position: (offset) => {
      const line = lineAt(offset);
      return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
    },
    textOf: (line) => {
      const start = starts[line - 1];
      if (start === undefined) return undefined;
      return text.slice(start, starts[line] ?? text.length).replace(/\r?\n$/, "");
    },
  };
}
