/** `.env` next to a compose file: values for its variables. They decide which registry an image is from, and are never shown. */

const LINE =
  /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*?))\s*(?:\s#.*)?$/;

export function envValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (line.length > 10_000) continue;
    const [, name, double, single, bare] = LINE.exec(line) ?? [];
    if (name !== undefined) values.set(name, double ?? single ?? bare ?? "");
  }
  return values;
}
