/** The value of an option of an installed controller: of its Deployment's arguments; undefined where there is none. */

import { NAME as DEPLOYMENT } from "../kubernetes/chart/names.ts";
import type { ClusterPort } from "./cluster-port.ts";

/** @param option such as `--mode` Throws ClusterError where its Deployment cannot be read. */
export async function controllerOption(
  cluster: Pick<ClusterPort, "get">,
  namespace: string,
  option: `--${string}`,
): Promise<string | undefined> {
  const found = await cluster.get("deployments", { namespace, name: DEPLOYMENT });
  const containers = found?.spec?.template?.spec?.containers ?? [];
  for (const container of containers) {
    const args = "args" in container && Array.isArray(container.args) ? container.args.map(String) : [];
    const [stated] = args.flatMap((arg, at) =>
      arg === option
        ? (args[at + 1] ?? "")
        : arg.startsWith(`${option}=`)
          ? arg.slice(option.length + 1)
          : [],
    );
    if (stated !== undefined) return stated;
  }
  return undefined;
}
