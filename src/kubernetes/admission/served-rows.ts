/**
 * The index as the webhook holds it: objects as they were read, and a row read only when a pod asks for it.
 *
 * An object has thousands of rows; to read them all at each change would hold up pods meanwhile.
 */

import { type IndexRow, readRow } from "../image-index.ts";
import { modeOf } from "../mode.ts";
import type { WorkloadModes } from "../workload-modes.ts";
import type { RowLookup } from "./admit-pod.ts";

export type StatedRows = {
  readonly name: string;
  readonly rows: Readonly<Record<string, unknown>>;
  /** Workloads whose label lowers their mode. */
  readonly modes: Readonly<Record<string, unknown>>;
};

/** What is kept of an ImageIndex. */
export function statedRowsOf(object: unknown): StatedRows {
  const { metadata, spec } = object as {
    metadata?: { name?: string };
    spec?: { rows?: unknown; modes?: unknown };
  };
  return { name: metadata?.name ?? "", rows: membersOf(spec?.rows), modes: membersOf(spec?.modes) };
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

/** Looks a workload's mode up in all objects: what one of them lowers is lowered. Another word than `off` observes. */
export function modesIn(objects: ReadonlyMap<string, StatedRows>): WorkloadModes {
  return {
    get: (key) => {
      const stated = [...objects.values()].flatMap(({ modes }) =>
        Object.hasOwn(modes, key) ? [String(modes[key])] : [],
      );
      return stated.length === 0 ? undefined : modeOf("remediate", ...stated);
    },
  };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
