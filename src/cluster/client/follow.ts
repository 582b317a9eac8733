/**
 * A kind's objects and their changes for as long as is wanted: list, watch, and again after whatever interrupts them.
 *
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */

import type { Clock } from "../../runtime/clock.ts";
import { ClusterError } from "../cluster-error.ts";
import type { Change, Selection } from "../cluster-port.ts";
import type { Kind, Objects } from "../kinds.ts";
import { completed, listPages } from "./list-pages.ts";
import { pathOf, selectorsOf } from "./paths.ts";
import type { Requests } from "./requests.ts";
import { errorOf } from "./status-error.ts";

/** The server ends a watch after so long, by our wish: a connection that died in silence is found then at the latest. */
const WATCH_SECONDS = 300;
const WATCH_MS_MAX = (WATCH_SECONDS + 30) * 1000;
const FIRST_PAUSE_MS = 500;
const PAUSE_MS_MAX = 30_000;
const RETRY_AFTER_MS_MAX = 60_000;
/** A watch that the server ends sooner than this did not work: going on at once would be a busy loop. */
const WATCH_MS_MIN = 1000;

type WatchLine<T> = {
  readonly type?: string;
  readonly object?: T & { readonly code?: number; readonly metadata?: { readonly resourceVersion?: string } };
};

export type Followed<K extends Kind, T> = {
  readonly kind: K;
  readonly selection: Selection;
  readonly keep: (object: Objects[K]) => T;
};

export async function* follow<K extends Kind, T>(
  requests: Requests,
  clock: Clock,
  { kind, selection, keep }: Followed<K, T>,
  signal: AbortSignal,
): AsyncGenerator<Change<T>> {
  let version: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const from = clock.now();
    try {
      if (version === undefined) {
        const { objects, resourceVersion } = await listPages(requests, kind, selection, keep, signal);
        version = resourceVersion;
        yield { type: "listed", objects };
      }
      for await (const line of watch(requests, kind, selection, version, signal)) {
        const { type, object } = line as WatchLine<Objects[K]>;
        if (object === undefined || type === "ERROR")
          throw errorOf(object?.code ?? 0, JSON.stringify(object ?? {}));
        version = object.metadata?.resourceVersion ?? version;
        failures = 0;
        if (type === "ADDED" || type === "MODIFIED")
          yield { type: "set", object: keep(completed(kind, object)) };
        else if (type === "DELETED") yield { type: "deleted", object: keep(completed(kind, object)) };
      }
      if (clock.now() - from >= WATCH_MS_MIN) failures = 0;
      else await pause(clock, FIRST_PAUSE_MS * 2 ** failures++, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ClusterError)) throw error;
      // What the server has forgotten cannot be asked for again, and what is too large would come again as it was; a broken watch
      // goes on where it was.
      if (["Expired", "NotServed", "TooLarge"].includes(error.reason)) version = undefined;
      // To list again is the remedy itself, and needs no pause the first time.
      if (error.reason === "Expired" && failures === 0) {
        failures += 1;
        continue;
      }
      yield { type: "interrupted", error };
      const wanted = Math.min((error.retryAfterSeconds ?? 0) * 1000, RETRY_AFTER_MS_MAX);
      await pause(clock, Math.max(wanted, FIRST_PAUSE_MS * 2 ** failures), signal);
      failures += 1;
    }
  }
}

function watch(
  requests: Requests,
  kind: Kind,
  selection: Selection,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const path = pathOf(kind, selection, {
    ...selectorsOf(selection),
    watch: "true",
    // Versions that pass without a change of ours: without them a quiet kind's version is forgotten.
    allowWatchBookmarks: "true",
    timeoutSeconds: WATCH_SECONDS,
    resourceVersion,
  });
  return requests.lines(path, WATCH_MS_MAX, signal);
}

/** Ends early, and without an error, when the signal aborts. */
async function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(Math.min(milliseconds, PAUSE_MS_MAX), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
