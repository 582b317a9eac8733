/**
 * The index as the webhook holds it: objects as they were read, and a row read only when a pod asks for it.
 *
 * An object has thousands of rows; to read them all at each change would hold up pods meanwhile.
 */

import { type IndexRow, readRow } from "../image-index.ts";
import type { RowLookup } from "./admit-pod.ts";

export type StatedRows = { readonly name: string; readonly rows: Readonly<Record<string, unknown>> };

/** What is kept of an ImageIndex. */
export function statedRowsOf(object: unknown): StatedRows {
  const { metadata, spec } = object as { metadata?: { name?: string }; spec?: { rows?: unknown } };
  const rows = spec?.rows;
  return {
    name: metadata?.name ?? "",
    rows: typeof rows === "object" && rows !== null ? (rows as Readonly<Record<string, unknown>>) : {},
  };
}

/** Looks a row up in all objects; of two, that which was asked later. */
export function lookupIn(objects: ReadonlyMap<string, StatedRows>): RowLookup {
  return {
    get: (image) => {
      let found: IndexRow | undefined;
      for (const { rows } of objects.values()) {
        const row = Object.hasOwn(rows, image) ? readRow(rows[image]) : undefined;
        if (row === undefined) continue;
        if (found === undefined || Date.parse(found.askedAt) < Date.parse(row.askedAt)) found = row;
      }
      return found;
    },
  };
}
