/** The options by which a command is told which Kubernetes cluster is meant. */

import type { Command } from "commander";
import { optional } from "../../../ecs/json-fields.ts";

export type ClusterFlags = {
  readonly kubeContext?: string;
  readonly kubeconfig?: string;
  readonly namespace: string;
};

/** @param instead what the cluster is used for: `with NAMESPACE/KIND/NAME: ` */
export function addClusterOptions(command: Command, instead: string): Command {
  return command
    .option("--kube-context <name>", `${instead}the cluster of this context`)
    .option("--kubeconfig <file>", `${instead}the cluster of this kubeconfig`)
    .option("--namespace <name>", "with a cluster: where Repull runs there", "repull");
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
