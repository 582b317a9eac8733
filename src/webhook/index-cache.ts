/** The index of proved images, followed in the API server: a request asks nothing, it finds its rows here. */

import type { ClusterPort } from "../cluster/cluster-port.ts";
import type { RowLookup } from "../kubernetes/admission/admit-pod.ts";
import { lookupIn, modesIn, type StatedRows, statedRowsOf } from "../kubernetes/admission/served-rows.ts";
import { INDEX_LABEL } from "../kubernetes/image-index.ts";
import type { WorkloadModes } from "../kubernetes/workload-modes.ts";

export type IndexCache = {
  readonly rows: RowLookup;
  readonly modes: WorkloadModes;
  /** Whether the index was read at least once: an empty one counts. */
  isRead(): boolean;
  /** How many rows and objects there are, and whether changes come in. */
  state(): { readonly rows: number; readonly objects: number; readonly isCurrent: boolean };
};

/** Follows the index until the signal aborts. What was read is kept while the server does not answer: rows end by themselves. */
export function followIndex(
  cluster: ClusterPort,
  signal: AbortSignal,
): IndexCache & { readonly ended: Promise<void> } {
  const objects = new Map<string, StatedRows>();
  const seen = { isRead: false, isCurrent: false };

  const follow = async () => {
    const labels = `${INDEX_LABEL.key}=${INDEX_LABEL.value}`;
    for await (const change of cluster.follow("imageindexes", { labels }, statedRowsOf, signal)) {
      seen.isCurrent = change.type !== "interrupted";
      switch (change.type) {
        case "listed":
          objects.clear();
          for (const object of change.objects) objects.set(object.name, object);
          seen.isRead = true;
          break;
        case "set":
          objects.set(change.object.name, change.object);
          break;
        case "deleted":
          objects.delete(change.object.name);
          break;
        case "interrupted":
          break;
      }
    }
  };

  return {
    rows: lookupIn(objects),
    modes: modesIn(objects),
    isRead: () => seen.isRead,
    state: () => ({
      rows: [...objects.values()].reduce((sum, { rows }) => sum + Object.keys(rows).length, 0),
      objects: objects.size,
      isCurrent: seen.isCurrent,
    }),
    ended: follow(),
  };
}
