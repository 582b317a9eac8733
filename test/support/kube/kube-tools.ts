/** Where the real Kubernetes of the tests is: `.ci/kube/kube-tools.sh .cache/kube` puts it there. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const folder = join(root, ".cache/kube/bin");

export type KubeTool =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kwok"
  | "kubectl"
  | "helm";

export const toolPath = (tool: KubeTool): string => join(folder, tool);

/** Throws where there is no control plane to start. */
export function demandKube(): void {
  if (!existsSync(toolPath("kube-apiserver")))
    throw new Error(
      "no control plane is there: .ci/kube/kube-tools.sh .cache/kube builds one, in ten minutes",
    );
}
