/**
 * JSON: the values by JavaScript itself, which reads 64 MB in a second, and the places of those texts that a reader asked for
 * by one pass of `jsonc-parser`, without a tree in memory.
 */

import { visit } from "jsonc-parser";
import type { Pointer, SourceDocument, SourceScalar, Unreadable } from "./document.ts";
import { verbatimScalar } from "./scalar.ts";
import { valueDocument } from "./value-document.ts";

/** @param read with the documents: it is called twice, and its second answer counts */
export function readJson<T>(
  text: string,
  read: (documents: readonly SourceDocument[]) => T,
): T | { readonly unreadable: Unreadable } {
  try {
    return readTwice(text, read);
  } catch (error) {
    // A stack that is full: thousands of brackets in brackets.
    if (error instanceof RangeError) return { unreadable: { because: "it is nested too deeply", offset: 0 } };
    throw error;
  }
}

function readTwice<T>(
  text: string,
  read: (documents: readonly SourceDocument[]) => T,
): T | { readonly unreadable: Unreadable } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { unreadable: { because: "it is not JSON", offset: firstFault(text) } };
  }
  const wanted = new Map<string, string>();
  const first = valueDocument(value);
  read([{ value, scalarAt: (pointer) => asked(first.scalarAt(pointer), pointer, wanted) }]);
  const places = placesOf(text, wanted);
  if (typeof places === "number") return { unreadable: { because: "a key is there twice", offset: places } };
  return read([{ value, scalarAt: (pointer) => places.get(keyOf(pointer)) }]);
}

function asked(
  scalar: SourceScalar | undefined,
  pointer: Pointer,
  wanted: Map<string, string>,
): SourceScalar | undefined {
  if (scalar !== undefined) wanted.set(keyOf(pointer), scalar.text);
  return scalar;
}

/** Where each of them is, or where a key is for the second time: JavaScript would read the last one, others the first. */
function placesOf(
  text: string,
  wanted: ReadonlyMap<string, string>,
): ReadonlyMap<string, SourceScalar> | number {
  const found = new Map<string, SourceScalar>();
  if (wanted.size === 0) return found;
  // A path is put together for a text that is asked for: for each text of 64 MB it would take too long.
  const texts = new Set(wanted.values());
  const open: Set<string>[] = [];
  let twice: number | undefined;
  visit(text, {
    onObjectBegin: () => {
      open.push(new Set());
    },
    onObjectEnd: () => {
      open.pop();
    },
    onObjectProperty: (name, offset) => {
      if (open.at(-1)?.has(name)) twice ??= offset;
      open.at(-1)?.add(name);
    },
    onLiteralValue: (value, offset, length, _line, _column, pathOf) => {
      if (typeof value !== "string" || !texts.has(value)) return;
      const place = keyOf(pathOf());
      if (wanted.has(place))
        found.set(place, verbatimScalar(text, value, { start: offset, end: offset + length }));
    },
  });
  return twice ?? found;
}

function keyOf(pointer: Pointer): string {
  return JSON.stringify(pointer.map(String));
}

/** Where it stops to be JSON. V8's own message quotes the document, secrets included. */
function firstFault(text: string): number {
  let first = text.length;
  visit(
    text,
    {
      onError: (_code, offset) => {
        first = Math.min(first, offset);
      },
    },
    { disallowComments: true },
  );
  return first;
}
