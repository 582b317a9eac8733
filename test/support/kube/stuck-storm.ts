/** 200 pods of 40 Deployments, StatefulSets, DaemonSets and Jobs on three nodes, of eight images of Docker Hub. */

import { imageNamed } from "../kubernetes/registries-in-memory.ts";

export const STORM_PODS = 200;
export const STORM_IMAGES = Array.from({ length: 8 }, (_, at) => `nginx:1.${at}`);

const KINDS = ["Deployment", "StatefulSet", "DaemonSet", "Job"] as const;
type Kind = (typeof KINDS)[number];

/** What Docker Hub and ECR Public hold of them. */
export function stormImages() {
  return Object.fromEntries(
    STORM_IMAGES.flatMap((image, at) => [
      [`docker.io/library/${image}`, imageNamed(`nginx ${at}`)] as const,
      [`public.ecr.aws/docker/library/${image}`, imageNamed(`nginx ${at}`)] as const,
    ]),
  );
}

/** 10 × 6, 10 × 6, 10 × 3 and 10 × 5 pods: a DaemonSet has one on each of the three nodes. */
export function stormWorkloads(namespace: string): readonly object[] {
  return Array.from({ length: 40 }, (_, at) => {
    const kind = KINDS[at % 4] as Kind;
    const image = STORM_IMAGES[at % 8] as string;
    return workload(kind, { name: `${kind.toLowerCase()}-${at}`, namespace }, image, kind === "Job" ? 5 : 6);
  });
}

function workload(
  kind: Kind,
  metadata: { readonly name: string; readonly namespace: string },
  image: string,
  each: number,
): object {
  const labels = { app: metadata.name };
  const template = {
    metadata: { labels },
    spec: {
      ...(kind === "Job" ? { restartPolicy: "Never" } : {}),
      containers: [{ name: "web", image }],
    },
  };
  const selector = { matchLabels: labels };
  const spec = {
    Deployment: { replicas: each, selector, template },
    StatefulSet: {
      replicas: each,
      serviceName: metadata.name,
      podManagementPolicy: "Parallel",
      selector,
      template,
    },
    DaemonSet: { selector, template },
    Job: { completions: each, parallelism: each, template },
  }[kind];
  return { apiVersion: kind === "Job" ? "batch/v1" : "apps/v1", kind, metadata, spec };
}
