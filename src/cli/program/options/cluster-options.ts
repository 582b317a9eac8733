/** The options that name the Kubernetes cluster of a command. */

import { type Command, Option } from "commander";
import { optional } from "../../../ecs/json-fields.ts";

export type ClusterFlags = {
  readonly kubeContext?: string;
  readonly kubeconfig?: string;
  readonly namespace: string;
};

const CLUSTER_GROUP = "Kubernetes cluster:";

/** @param instead what the cluster is used for: `with NAMESPACE/KIND/NAME: ` */
export function addClusterOptions(command: Command, instead: string): Command {
  return command
    .addOption(
      new Option("--kube-context <name>", `${instead}the cluster of this context`).helpGroup(CLUSTER_GROUP),
    )
    .addOption(
      new Option("--kubeconfig <file>", `${instead}the cluster of this kubeconfig`).helpGroup(CLUSTER_GROUP),
    )
    .addOption(
      new Option("-n, --namespace <name>", "with a cluster: where Repull runs there")
        .default("repull")
        .helpGroup(CLUSTER_GROUP),
    );
}

export function clusterOptionsOf(flags: ClusterFlags & { readonly policy?: string }) {
  const { kubeContext, kubeconfig, namespace, policy } = flags;
  return {
    namespace,
    ...optional("kubeContext", kubeContext),
    ...optional("kubeconfig", kubeconfig),
    ...optional("policyFile", policy),
  };
}
