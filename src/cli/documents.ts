/**
 * Reads event files as people have them: one JSON document, an array of them, or one a line (NDJSON).
 *
 * One bad line must not hide the good ones: it becomes an entry of its own, with its place.
 */

export type DocumentEntry =
  | { readonly kind: "document"; readonly where: string; readonly document: unknown }
  | { readonly kind: "unreadable"; readonly where: string; readonly because: string };

/** The documents in a text; `name` is the file's name, for messages. */
export function documentsIn(text: string, name: string): readonly DocumentEntry[] {
  const whole = text.replace(/^\uFEFF/, "").trim();
  if (whole === "") return [{ kind: "unreadable", where: name, because: "the file is empty" }];
  const parsed = parse(whole);
  if (parsed.kind === "parsed") {
    const { value } = parsed;
    if (!Array.isArray(value)) return [{ kind: "document", where: name, document: value }];
    return value.map((document, index) => ({ kind: "document", where: `${name}[${index}]`, document }));
  }
  const lines = whole.split("\n").map((line, index) => ({ line: line.trim(), number: index + 1 }));
  const first = parse(lines[0]?.line ?? "");
  // Not even the first line is JSON: the file is one broken document, not lines of them.
  if (lines.length === 1 || first.kind === "broken") {
    return [{ kind: "unreadable", where: name, because: `not JSON: ${parsed.because}` }];
  }
  return lines
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => {
      const where = `${name}:${number}`;
      const one = parse(line);
      return one.kind === "parsed"
        ? { kind: "document", where, document: one.value }
        : { kind: "unreadable", where, because: `not JSON: ${one.because}` };
    });
}

function parse(text: string): { kind: "parsed"; value: unknown } | { kind: "broken"; because: string } {
  try {
    return { kind: "parsed", value: JSON.parse(text) };
  } catch (error) {
    // V8 quotes the text around the fault, which may hold a secret of `overrides`: only the position is kept.
    const message = error instanceof Error ? error.message : "";
    const position = /position \d+|line \d+ column \d+/.exec(message)?.[0];
    return {
      kind: "broken",
      because: position === undefined ? "it ends too early or is none" : `unexpected text at ${position}`,
    };
  }
}
