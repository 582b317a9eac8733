/** The most that an installed controller may do: `--mode` of its Deployment; undefined where there is none. */

import { NAME as DEPLOYMENT } from "../kubernetes/chart/names.ts";
import { MODES, type Mode } from "../kubernetes/mode.ts";
import type { ClusterPort } from "./cluster-port.ts";

/** Throws ClusterError where its Deployment cannot be read. */
export async function controllerMode(
  cluster: Pick<ClusterPort, "get">,
  namespace: string,
): Promise<Mode | undefined> {
  const found = await cluster.get("deployments", { namespace, name: DEPLOYMENT });
  const containers = found?.spec?.template?.spec?.containers ?? [];
  for (const container of containers) {
    const args = "args" in container && Array.isArray(container.args) ? container.args.map(String) : [];
    const stated = args.flatMap((arg, at) =>
      arg === "--mode" ? (args[at + 1] ?? "") : arg.startsWith("--mode=") ? arg.slice("--mode=".length) : [],
    );
    const mode = MODES.find((one) => one === stated[0]);
    if (mode !== undefined) return mode;
  }
  return undefined;
}
