/** Objects of a cluster as tests say them, in few words. */

import type { Digest } from "../../../src/image/digest.ts";
import { canonicalName, parseReference, pinToDigest } from "../../../src/image/reference.ts";
import type { ContainerStatus, Node, Pod, Workload } from "../../../src/kubernetes/objects/objects.ts";

export type SaidPod = {
  readonly name: string;
  readonly namespace?: string;
  readonly image?: string;
  /** What the node has pulled; absent: nothing yet. */
  readonly runs?: Digest;
  /** Why its container waits: kubelet's message. */
  readonly waits?: string;
  readonly reason?: string;
  /** The Deployment's name and the template's hash: `web/1`. */
  readonly of?: string;
  readonly owner?: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

export const LIMIT_MESSAGE = (image: string): string =>
  `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image "${image}": failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://registry-1.docker.io/v2/library/nginx/manifests/latest: 429 Too Many Requests\ntoomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`;

export const MISSING_MESSAGE = (image: string): string =>
  `Back-off pulling image "${image}": ErrImagePull: failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;

export function pod(said: SaidPod): Pod {
  const { name, namespace = "shop", image = "nginx:1.27", of, owner, node = "a" } = said;
  const [deployment = "", hash = ""] = of?.split("/") ?? [];
  const controller =
    of === undefined
      ? owner && { ...owner, uid: `uid-of-${owner.name}` }
      : {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: `${deployment}-${hash}`,
          uid: `rs-${namespace}-${of}`,
        };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      labels: { ...(of === undefined ? {} : { "pod-template-hash": hash }), ...said.labels },
      ...(said.annotations === undefined ? {} : { annotations: said.annotations }),
      ...(controller === undefined ? {} : { ownerReferences: [{ ...controller, controller: true }] }),
    },
    spec: { nodeName: node, containers: [{ name: "web", image, imagePullPolicy: "IfNotPresent" }] },
    status: {
      phase: said.runs === undefined ? "Pending" : "Running",
      containerStatuses: [statusOf(said, image)],
    },
  };
}

function statusOf({ runs, waits, reason = "ImagePullBackOff" }: SaidPod, image: string): ContainerStatus {
  if (runs !== undefined)
    return {
      name: "web",
      image,
      imageID: canonicalName(pinToDigest(parseReference(image), runs)),
      state: { running: { startedAt: "2026-11-29T08:00:00Z" } },
    };
  const waiting = waits === undefined ? { reason: "ContainerCreating" } : { reason, message: waits };
  return { name: "web", image, imageID: "", state: { waiting } };
}

export function node(name: string, architecture = "amd64"): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: { nodeInfo: { operatingSystem: "linux", architecture } },
  };
}

export function deployment(name: string, image = "nginx:1.27", namespace = "shop"): Workload {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, generation: 1 },
    spec: { replicas: 1, template: { spec: { containers: [{ name: "web", image }] } } },
  };
}
