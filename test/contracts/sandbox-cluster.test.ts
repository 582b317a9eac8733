/** The sandbox's cluster behind the port to a cluster. */

import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { describeClusterContract } from "./cluster-contract.ts";

describeClusterContract("the sandbox", async () => {
  const cluster = createSandboxCluster();
  cluster.put("namespaces", { metadata: { name: "contract" } });
  return { cluster, namespace: "contract", end: async () => cluster.close() };
});
