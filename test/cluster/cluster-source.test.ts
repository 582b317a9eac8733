/** Which cluster is meant. */

import { describe, expect, test } from "vitest";
import { clusterSource } from "../../src/cluster/cluster-source.ts";

describe("the cluster that is meant", () => {
  const POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", HOME: "/h" };
  const file = (...files: readonly string[]) => ({ from: "kubeconfig", files });
  // biome-ignore format: a table is read by its columns
  const table = [
    ["is the file's that was named",               { kubeconfig: "/f" },               { KUBECONFIG: "/k", HOME: "/h" },    file("/f")],
    ["is the file's that was named, in a pod too", { kubeconfig: "/f" },               POD,                                 file("/f")],
    ["is the context's of that file",              { kubeconfig: "/f", context: "c" }, {},                                  { ...file("/f"), context: "c" }],
    ["is the pod's own",                           {},                                 POD,                                 { from: "service-account" }],
    ["is the context's that was named, in a pod",  { context: "c" },                   POD,                                 { ...file("/h/.kube/config"), context: "c" }],
    ["is that of KUBECONFIG",                      {},                                 { KUBECONFIG: "/k", HOME: "/h" },    file("/k")],
    ["is that of the files of KUBECONFIG",         {},                                 { KUBECONFIG: "/k::/l", HOME: "/h" }, file("/k", "/l")],
    ["is the home folder's",                       {},                                 { HOME: "/h" },                      file("/h/.kube/config")],
  ] as const;

  for (const [what, flags, env, expected] of table)
    test(what, () => expect(clusterSource(flags, env)).toEqual(expected));
});
