/** A document of YAML or JSON as plain values, and where in the file each text of it is written. */

import type { Range } from "../found-image.ts";

export type Pointer = readonly (string | number)[];

export type SourceDocument = {
  readonly value: unknown;
  /** The text at this place; undefined where there is none, or not a text. */
  scalarAt(pointer: Pointer): SourceScalar | undefined;
  /** Whether the text here is also, by an alias, where `scalarAt` was not asked for it: a change of it would change that too. */
  isUsedElsewhere?(offset: number): boolean;
};

export type SourceScalar = {
  readonly text: string;
  /** All of it, with its quotes. */
  readonly range: Range;
  /** Where the file has exactly this part of the text; undefined where it is written in another way. */
  at(start: number, end: number): Range | undefined;
};

/** Why a file cannot be read, and the offset of it. */
export type Unreadable = { readonly because: string; readonly offset: number };

export type Documents =
  | { readonly documents: readonly SourceDocument[] }
  | { readonly unreadable: Unreadable };

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value at a pointer, in a document's own members alone. */
export function valueAt(value: unknown, pointer: Pointer): unknown {
  return pointer.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string | number, unknown>)[key]
        : undefined,
    value,
  );
}
