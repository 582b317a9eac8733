/** A kubelet of the sandbox cluster: whether a pod's images can be pulled, by registry, reported as by a real one. */

import { hostOf } from "../../../src/kubernetes/index/row-of.ts";
import type { ContainerStatus, Pod } from "../../../src/kubernetes/objects/objects.ts";
import type { SandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { LIMIT_MESSAGE, MISSING_MESSAGE } from "./cluster-objects.ts";

export type Pulls = "runs" | "limit" | "missing" | "denied";

/** Reports what becomes of every pod, now and after each change of its images. @param pulls what a registry answers to nodes */
export function startKubelet(
  cluster: SandboxCluster,
  pulls: (host: string, image: string) => Pulls,
): () => void {
  const sync = (): void => {
    for (const pod of cluster.all("pods")) {
      const statuses = pod.spec.containers.map(({ name, image = "" }) => statusOf(name, image, pulls));
      const same = JSON.stringify(statuses) === JSON.stringify(pod.status?.containerStatuses);
      const isRunning = pod.status?.phase === "Running";
      if (!same && !isRunning) cluster.put("pods", withStatus(pod, statuses));
    }
  };
  cluster.onWrite = ({ kind }) => {
    if (kind === "pods") sync();
  };
  sync();
  return sync;
}

function withStatus(pod: Pod, containerStatuses: readonly ContainerStatus[]): Pod {
  const runs = containerStatuses.every(({ state }) => state?.running !== undefined);
  return { ...pod, status: { phase: runs ? "Running" : "Pending", containerStatuses } };
}

function statusOf(
  name: string,
  image: string,
  pulls: (host: string, image: string) => Pulls,
): ContainerStatus {
  const answer = pulls(hostOf(image), image);
  if (answer === "runs")
    return { name, image, imageID: image, state: { running: { startedAt: "2026-11-29T08:00:00Z" } } };
  const message =
    answer === "limit"
      ? LIMIT_MESSAGE(image)
      : answer === "missing"
        ? MISSING_MESSAGE(image)
        : `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image "${image}": failed to authorize: 403 Forbidden`;
  return { name, image, imageID: "", state: { waiting: { reason: "ImagePullBackOff", message } } };
}
