/** Which cluster is meant, as kubectl finds it. */

import type { ClusterSource } from "./open-cluster.ts";

export type ClusterFlags = {
  /** A kubeconfig's file. */
  readonly kubeconfig?: string;
  readonly context?: string;
};

/**
 * A file or context that was named, the pod's own service account, `KUBECONFIG`, and the file in the home folder, in this
 * order. https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export function clusterSource(
  { kubeconfig, context }: ClusterFlags,
  env: Readonly<Record<string, string | undefined>>,
): ClusterSource {
  const named = context === undefined ? {} : { context };
  if (kubeconfig !== undefined) return { from: "kubeconfig", files: [kubeconfig], ...named };
  if (context === undefined && env.KUBERNETES_SERVICE_HOST !== undefined) return { from: "service-account" };
  const listed = (env.KUBECONFIG ?? "").split(":").filter((file) => file !== "");
  return {
    from: "kubeconfig",
    files: listed.length > 0 ? listed : [`${env.HOME ?? ""}/.kube/config`],
    ...named,
  };
}
