/** A cluster's objects of a kind, each reduced as soon as it is read: pods in whole fill the memory. */

import type { ClusterPort } from "./cluster-port.ts";
import type { Kind, Objects } from "./kinds.ts";

/** Throws ClusterError where they cannot be listed. */
export async function listReduced<K extends Kind, T>(
  cluster: ClusterPort,
  kind: K,
  keep: (object: Objects[K]) => T,
): Promise<readonly T[]> {
  const stop = new AbortController();
  for await (const change of cluster.follow(kind, {}, keep, stop.signal)) {
    stop.abort();
    if (change.type === "listed") return change.objects;
    if (change.type === "interrupted") throw change.error;
  }
  return [];
}
