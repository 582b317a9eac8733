/** A cluster with Repull, four workloads of a shop, and an index that has a place for one of their images. */

import type { IndexRow } from "../../../src/kubernetes/image-index.ts";
import { createSandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { deployment, node, pod } from "./cluster-objects.ts";
import { imageNamed } from "./registries-in-memory.ts";

export const NGINX = imageNamed("nginx");
export const USE = `public.ecr.aws/docker/library/nginx@${NGINX.digest}`;
const ROW: IndexRow = {
  use: USE,
  proof: "same-index",
  trusted: { digest: NGINX.digest, from: "origin" },
  askedAt: "2026-11-29T07:00:00.000Z",
  goodUntil: "2026-11-29T13:00:00.000Z",
  platforms: ["linux/amd64"],
};
const { use: _, proof: __, ...UNPLACED } = ROW;

export function shopCluster(mode = "remediate") {
  const cluster = createSandboxCluster();
  for (const name of ["repull", "shop", "kube-system"]) cluster.put("namespaces", { metadata: { name } });
  for (const name of ["a", "b"]) cluster.put("nodes", node(name));
  cluster.put("deployments", {
    ...deployment("repull", "registry.example/repull:1", "repull"),
    spec: {
      template: { spec: { containers: [{ name: "controller", args: ["kubernetes", "--mode", mode] }] } },
    },
  } as never);
  cluster.put("deployments", {
    ...deployment("web"),
    spec: { ...deployment("web").spec, replicas: 3 },
  } as never);
  cluster.put("deployments", deployment("api", "registry.example/api:1"));
  cluster.put("deployments", deployment("cache", "redis:7"));
  cluster.put("cronjobs", {
    metadata: { name: "report", namespace: "shop" },
    spec: {
      schedule: "*/30 * * * *",
      jobTemplate: { spec: { template: { spec: { containers: [{ name: "job", image: "nginx:1.27" }] } } } },
    },
  } as never);
  for (const [number, created] of [
    ["1", "2026-11-29T06:00:00Z"],
    ["2", "2026-11-29T07:30:00Z"],
  ] as const) {
    const one = pod({ name: `web-${number}`, of: "web/1", runs: NGINX.digest });
    cluster.put("pods", { ...one, metadata: { ...one.metadata, creationTimestamp: created } });
  }
  cluster.put("imageindexes", {
    metadata: { name: "repull-0", labels: { "repull.dev/index": "images" } },
    spec: { rows: { "nginx:1.27": ROW, "redis:7": { ...UNPLACED, codes: ["absent"] } } },
  } as never);
  return cluster;
}
