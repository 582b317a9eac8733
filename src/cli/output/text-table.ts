/** Rows as aligned columns of text, the heading underlined. */
export function textTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd();
  return [line(heading), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)];
}
