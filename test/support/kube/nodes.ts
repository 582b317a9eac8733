/** Nodes for kwok to play. */

import type { ControlPlane } from "./control-plane.ts";

/** @param architecture as `kubernetes.io/arch` has it */
export async function addNodes(
  { kubectl }: ControlPlane,
  names: readonly string[],
  architecture: "amd64" | "arm64" = "amd64",
): Promise<void> {
  const items = names.map((name) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake" },
      labels: {
        "kubernetes.io/arch": architecture,
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name,
      },
    },
  }));
  await kubectl.apply({ apiVersion: "v1", kind: "List", items });
}
