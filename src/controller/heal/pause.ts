/**
 * Whether pods may be changed now: the cluster's kill switch, read before each write.
 *
 * The ConfigMap `repull-writes` says `writes: allowed`; a key `paused` in it stops every write, and its value is the
 * reason. Any other value, a missing object, or one that cannot be read, stops them too.
 */

import { ClusterError } from "../../cluster/cluster-error.ts";
import type { ClusterPort } from "../../cluster/cluster-port.ts";

const WRITES_NAME = "repull-writes";

/** Why nothing may be written; undefined: it may. */
export async function reasonOfPause(
  cluster: Pick<ClusterPort, "get">,
  namespace: string,
): Promise<string | undefined> {
  try {
    const found = await cluster.get("configmaps", { namespace, name: WRITES_NAME });
    if (found === undefined) return `there is no ConfigMap ${namespace}/${WRITES_NAME}`;
    const { writes, paused } = found.data ?? {};
    if (paused !== undefined) return paused === "" ? "paused without a reason" : paused;
    return writes === "allowed" ? undefined : `${WRITES_NAME} does not say writes: allowed`;
  } catch (error) {
    if (error instanceof ClusterError) return `${WRITES_NAME} cannot be read: ${error.message}`;
    throw error;
  }
}
