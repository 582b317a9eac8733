/** The most that an installed controller may do: `--mode` of its Deployment; undefined where there is none. */

import { MODES, type Mode } from "../kubernetes/mode.ts";
import type { ClusterPort } from "./cluster-port.ts";
import { controllerOption } from "./controller-option.ts";

/** Throws ClusterError where its Deployment cannot be read. */
export async function controllerMode(
  cluster: Pick<ClusterPort, "get">,
  namespace: string,
): Promise<Mode | undefined> {
  const stated = await controllerOption(cluster, namespace, "--mode");
  return MODES.find((one) => one === stated);
}
