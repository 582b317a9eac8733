/**
 * Rows as CSV (RFC 4180), safe to open in a spreadsheet: a cell that would be read as a formula there gets an apostrophe
 * before it. Names of services and images are written by others. https://owasp.org/www-community/attacks/CSV_Injection
 */

/** A line ends with a line feed alone, as programs that read a pipe expect. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map(cellOf).join(",")}\n`).join("");
}

function cellOf(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
