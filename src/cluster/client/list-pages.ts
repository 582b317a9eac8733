/** A kind's objects, page by page, with the version of the whole list, from which a watch goes on. */

import { ClusterError } from "../cluster-error.ts";
import type { Selection } from "../cluster-port.ts";
import { apiVersionOf, KINDS, type Kind, type Objects } from "../kinds.ts";
import { pathOf, selectorsOf } from "./paths.ts";
import type { Requests } from "./requests.ts";

export type Page<T> = { readonly objects: readonly T[]; readonly resourceVersion: string };

/** A page of 250 pods is 2 MB of text and several of objects: a controller's memory has its peak there (docs/bench-kubernetes.md). */
const PAGE_OBJECTS = 100;
/** A list that takes longer than the server remembers its beginning starts again, so many times. */
const STARTS_MAX = 3;

type List<T> = {
  readonly items?: readonly T[] | null;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
};

/** @param keep what is kept of each object, so that never more than a page of whole ones is in memory */
export async function listPages<K extends Kind, T>(
  requests: Requests,
  kind: K,
  selection: Selection,
  keep: (object: Objects[K]) => T,
  signal?: AbortSignal,
): Promise<Page<T>> {
  for (let start = 1; ; start++) {
    try {
      return await listOnce(requests, kind, selection, keep, signal);
    } catch (error) {
      const isForgotten = error instanceof ClusterError && error.reason === "Expired";
      if (!isForgotten || start === STARTS_MAX) throw error;
    }
  }
}

async function listOnce<K extends Kind, T>(
  requests: Requests,
  kind: K,
  selection: Selection,
  keep: (object: Objects[K]) => T,
  signal?: AbortSignal,
): Promise<Page<T>> {
  const kept: T[] = [];
  let next: string | undefined;
  let limit = PAGE_OBJECTS;
  for (;;) {
    const path = pathOf(kind, selection, { ...selectorsOf(selection), limit, continue: next });
    const list = await pageAt<Objects[K]>(requests, path, limit, signal);
    if (list === "too large") {
      limit = Math.ceil(limit / 8);
      continue;
    }
    for (const item of list.items ?? []) kept.push(keep(completed(kind, item)));
    next = list.metadata?.continue || undefined;
    if (next === undefined) return { objects: kept, resourceVersion: list.metadata?.resourceVersion ?? "" };
  }
}

async function pageAt<T>(
  requests: Requests,
  path: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<List<T> | "too large"> {
  try {
    return (await requests.ask({ method: "GET", path }, signal)) as List<T>;
  } catch (error) {
    if (error instanceof ClusterError && error.status === 0 && error.reason === "TooLarge" && limit > 1)
      return "too large";
    throw error;
  }
}

/** An item of a list says neither its kind nor its version: the list does, for all of them. */
export function completed<K extends Kind>(kind: K, object: Objects[K]): Objects[K] {
  return { ...object, apiVersion: apiVersionOf(kind), kind: KINDS[kind].kind };
}
