/**
 * The text of a policy document as JSON: with comments, and with a comma after the last member, as `policy init` writes it
 * and editors know it (JSONC).
 */

import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { InvalidInput } from "../../image/invalid-input.ts";

/** The object in it, without the `$schema` by which editors find the schema. Throws InvalidInput that names the line. */
export function parseDocument(text: string): Readonly<Record<string, unknown>> {
  // Editors on Windows put a byte order mark before it.
  const document = text.replace(/^\uFEFF/, "");
  const errors: ParseError[] = [];
  const value: unknown = parse(document, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) {
    const before = document.slice(0, first.offset).split("\n");
    const where = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    throw new InvalidInput("policy", `JSON: ${inWords(first)} at ${where}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidInput("policy", "one JSON object");
  const { $schema: _, ...members } = { ...value } as Record<string, unknown>;
  return members;
}

/** `PropertyNameExpected` is "property name expected". */
function inWords({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replaceAll(/(?<=[a-z])[A-Z]/g, " $&")
    .toLowerCase();
}
