/**
 * Where a pod, or a template of pods, names its images.
 *
 * Containers, init containers (a *sidecar* is one with `restartPolicy: Always`), ephemeral containers, and volumes of the
 * source `image`. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (read 2026-11)
 */

import { type Members, membersOf } from "../runtime/json.ts";

export type PodImageKind = "container" | "init" | "sidecar" | "ephemeral" | "volume";

export type PodImage = {
  /** JSON pointer of the member that names the image, from the object that holds the pod's spec: `/spec/containers/0/image`. */
  readonly path: string;
  /** The container's name, or the volume's. Names of containers are unique in a pod; a volume may have one of them too. */
  readonly container: string;
  readonly kind: PodImageKind;
  readonly image: string;
  readonly pullPolicy?: string;
};

export type PodTemplate = {
  /** JSON pointer of the pod's spec in the object: `/spec/template/spec`. */
  readonly path: string;
  readonly metadata: Members;
  readonly spec: Members;
};

/** Every image of a pod's spec, in the order of its members. @param at JSON pointer of the spec */
export function podImages(spec: unknown, at = "/spec"): readonly PodImage[] {
  const pod = membersOf(spec);
  return [
    ...containersOf(pod.containers, `${at}/containers`, () => "container"),
    ...containersOf(pod.initContainers, `${at}/initContainers`, ({ restartPolicy }) =>
      restartPolicy === "Always" ? "sidecar" : "init",
    ),
    ...containersOf(pod.ephemeralContainers, `${at}/ephemeralContainers`, () => "ephemeral"),
    ...volumesOf(pod.volumes, `${at}/volumes`),
  ];
}

/** More than the 256 KiB of a pod's annotations have room for as notes. A pod of 1.5 MiB may have tens of thousands. */
export const IMAGES_MAX = 1_000;
/** A reference has a host, a path, a tag and a digest; what is longer is none, and kubelet pulls nothing of it. */
export const IMAGE_LENGTH_MAX = 1_024;

/** The images that are kept of each pod and template of a cluster: its first thousand, of those that can be pulled. */
export function keptImages(spec: unknown): readonly PodImage[] {
  return podImages(spec)
    .filter(({ image }) => image.length <= IMAGE_LENGTH_MAX)
    .slice(0, IMAGES_MAX);
}

/** The template that an object makes its pods from, or the pod itself; undefined for a kind without one. */
export function templateOf(object: unknown): PodTemplate | undefined {
  const path = TEMPLATE_OF[String(membersOf(object).kind)];
  if (path === undefined) return undefined;
  const holder = path.reduce<Members>((members, name) => membersOf(members[name]), membersOf(object));
  return {
    path: `/${[...path, "spec"].join("/")}`,
    metadata: membersOf(holder.metadata),
    spec: membersOf(holder.spec),
  };
}

/** Kind → the members that lead to its template. */
const TEMPLATE_OF: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ["template"],
  Deployment: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

function containersOf(list: unknown, at: string, kindOf: (container: Members) => PodImageKind): PodImage[] {
  return listOf(list).flatMap((container, index) =>
    imageAt(
      `${at}/${index}/image`,
      container.name,
      kindOf(container),
      container.image,
      container.imagePullPolicy,
    ),
  );
}

function volumesOf(list: unknown, at: string): PodImage[] {
  return listOf(list).flatMap((volume, index) => {
    const source = membersOf(volume.image);
    return imageAt(
      `${at}/${index}/image/reference`,
      volume.name,
      "volume",
      source.reference,
      source.pullPolicy,
    );
  });
}

function imageAt(
  path: string,
  container: unknown,
  kind: PodImageKind,
  image: unknown,
  pullPolicy: unknown,
): PodImage[] {
  if (typeof image !== "string" || image === "" || typeof container !== "string") return [];
  return [{ path, container, kind, image, ...(typeof pullPolicy === "string" ? { pullPolicy } : {}) }];
}

function listOf(list: unknown): readonly Members[] {
  return Array.isArray(list) ? list.map(membersOf) : [];
}
