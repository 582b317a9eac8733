/** The cluster's options in a command that is printed: without them it is asked of another cluster. */

import { shellWords } from "../../../diagnosis/remedies/format-remedy.ts";

type Flags = {
  readonly kubeContext?: string;
  readonly kubeconfig?: string;
  readonly namespace: string;
};

/** ` --kube-context blue`, or nothing. */
export function clusterFlags({ kubeContext, kubeconfig, namespace }: Flags): string {
  const flags = [
    ...(kubeContext === undefined ? [] : ["--kube-context", kubeContext]),
    ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
    ...(namespace === "repull" ? [] : ["--namespace", namespace]),
  ];
  return flags.length === 0 ? "" : ` ${shellWords(flags)}`;
}
