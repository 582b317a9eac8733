/**
 * Reads event files as people have them: one JSON document, an array of them, one a line (NDJSON, with or without what a
 * log writes before it), or several one after the other (`jq .`); their envelopes (`event-envelopes.ts`); and error
 * texts without an event (`pasted-texts.ts`).
 *
 * One bad line must not hide the good ones: it becomes an entry of its own, with its place.
 */

import { withoutMark } from "../../text/decode-text.ts";
import { jsonPieces } from "../../text/json-values.ts";
import type { DocumentEntry } from "./document-entry.ts";
import { unwrapped } from "./event-envelopes.ts";
import { pastedTexts } from "./pasted-texts.ts";

/** The documents in a text; `name` is the file's name, for messages. */
export function readEventDocuments(text: string, name: string): readonly DocumentEntry[] {
  const entries = entriesIn(withoutMark(text).trim(), name).flatMap((entry) =>
    entry.kind === "document" ? unwrapped(entry.document, entry.where, entriesIn) : [entry],
  );
  // A search that found nothing looks like one that went well: `{"tasks": []}`.
  return entries.length > 0
    ? entries
    : [{ kind: "unreadable", where: name, because: "there is no event in it" }];
}

function entriesIn(whole: string, name: string): readonly DocumentEntry[] {
  if (whole === "") return [{ kind: "unreadable", where: name, because: "the file is empty" }];
  const parsed = parse(whole);
  if (parsed.kind === "parsed") {
    const { value } = parsed;
    if (!Array.isArray(value)) return [{ kind: "document", where: name, document: value }];
    return value.map((document, index) => ({ kind: "document", where: `${name}[${index}]`, document }));
  }
  const lines = whole.split("\n").map((line, index) => ({ line: line.trim(), number: index + 1 }));
  // Where the first line is JSON, every line is: one document over several lines begins with a line that is not JSON.
  const first = parseLine(lines[0]?.line ?? "");
  if (lines.length > 1 && first.kind === "parsed") return lines.flatMap((line) => entryOfLine(line, name));
  const pieces = piecesIn(whole, name);
  const pasted = pieces.some(isKnown) ? undefined : pastedTexts(whole, name);
  if (pasted !== undefined) return pasted;
  return pieces.some(({ kind }) => kind === "document")
    ? pieces
    : [{ kind: "unreadable", where: name, because: notJson(whole, parsed.because) }];
}

/** Words that begin as no JSON does were meant as an error text. */
function notJson(whole: string, because: string): string {
  return /^[{["]/.test(whole) ? `not JSON: ${because}` : "neither JSON nor an error text of a failed pull";
}

/** Whether it is an event, or known to carry some: an error text may hold a registry's JSON, which is neither. */
function isKnown(entry: DocumentEntry): boolean {
  if (entry.kind !== "document") return false;
  const { document, where } = entry;
  if (typeof document === "object" && document !== null && "detail-type" in document) return true;
  const inside = unwrapped(document, where, entriesIn);
  return inside.length !== 1 || inside[0]?.kind !== "document" || inside[0].document !== document;
}

function entryOfLine(
  { line, number }: { readonly line: string; readonly number: number },
  name: string,
): readonly DocumentEntry[] {
  if (line === "") return [];
  const where = `${name}:${number}`;
  const one = parseLine(line);
  return one.kind === "parsed"
    ? [{ kind: "document", where, document: one.value }]
    : [{ kind: "unreadable", where, because: `not JSON: ${one.because}` }];
}

/** Documents one after the other, each named by the line that it begins in; text between them is a log's. */
function piecesIn(whole: string, name: string): readonly DocumentEntry[] {
  let line = 1;
  let counted = 0;
  return jsonPieces(whole).flatMap(({ index, text }): readonly DocumentEntry[] => {
    for (; counted < index; counted++) if (whole[counted] === "\n") line += 1;
    if (!/^[{[]/.test(text)) return [];
    const where = `${name}:${line}`;
    const one = parse(text);
    if (one.kind === "parsed") return [{ kind: "document", where, document: one.value }];
    // A log writes its level in brackets.
    if (text.startsWith("[")) return [];
    return [{ kind: "unreadable", where, because: `not JSON: ${one.because}` }];
  });
}

type Parsed =
  | { readonly kind: "parsed"; readonly value: unknown }
  | { readonly kind: "broken"; readonly because: string };

/** A line of JSON, or a log's line that ends with an object. */
function parseLine(line: string): Parsed {
  const parsed = parse(line);
  const at = line.indexOf("{");
  if (parsed.kind === "parsed" || at <= 0) return parsed;
  const logged = parse(line.slice(at));
  return logged.kind === "parsed" ? logged : parsed;
}

function parse(text: string): Parsed {
  try {
    return { kind: "parsed", value: JSON.parse(text) };
  } catch (error) {
    // V8 quotes the text around the fault, which may hold a secret of `overrides`: only the position is kept.
    const message = error instanceof Error ? error.message : "";
    const position = /position \d+|line \d+ column \d+/.exec(message)?.[0];
    return {
      kind: "broken",
      because:
        position === undefined ? "it ends too early, or is not JSON" : `unexpected text at ${position}`,
    };
  }
}
