/**
 * What of a pod Repull keeps: a few hundred bytes of the three or four thousand that the API server sends, because a cluster
 * has thousands of them. No environment, no command, no volume of it is kept.
 */

import { type Digest, isDigest } from "../../image/digest.ts";
import { manifestName, repositoryName, tryParseReference } from "../../image/reference.ts";
import { type Members, membersOf } from "../../runtime/json.ts";
import { annotationKey, noteAbout, type SwapNote } from "../annotation.ts";
import { keptImages, type PodImage } from "../pod-images.ts";
import { modeLabelIn } from "../workload-modes.ts";
import { controllerOf, type Owner, type Workload, workloadOf } from "./owners.ts";

export type PodFacts = {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly owner?: Owner;
  readonly workload: Workload;
  /** The same for all pods that were made from one template; a pod of its own without an owner. */
  readonly revision: string;
  readonly node?: string;
  readonly modeLabel?: string;
  /** A registry may have taken its login, and refuse the node's own. */
  readonly hasPullSecrets?: true;
  /** A static pod's image in the API server: kubelet takes no change of it. */
  readonly isMirror: boolean;
  readonly isEnding: boolean;
  /** A patch has to make the list where there is none. */
  readonly hasAnnotations: boolean;
  readonly resourceVersion: string;
  /** In milliseconds since the epoch; 0 where it is not known. */
  readonly createdAt: number;
  readonly containers: readonly ContainerFacts[];
};

export type ContainerFacts = PodImage & {
  /** As the pod's author wrote it: `image` is what runs now. */
  readonly written: string;
  /** What Repull has changed, by the pod's annotation; absent where that is of another image. */
  readonly note?: SwapNote;
  /** What the node has pulled: repository@digest. */
  readonly pulled?: string;
  /** What was pulled may be of the image before: kubelet keeps a container's status while its changed image waits. */
  readonly isOfAnother?: true;
  readonly hasStarted: boolean;
  readonly waiting?: { readonly reason: string; readonly message: string };
};

const MESSAGE_LENGTH_MAX = 4096;

/** Reads a pod as the API server sends it; undefined where it has no name or no uid. */
export function podFacts(object: unknown): PodFacts | undefined {
  const { metadata, spec, status } = membersOf(object);
  const meta = membersOf(metadata);
  const { uid, namespace, name } = meta;
  if (typeof uid !== "string" || typeof namespace !== "string" || typeof name !== "string") return undefined;
  const labels = membersOf(meta.labels);
  const annotations = membersOf(meta.annotations);
  const owner = controllerOf(meta.ownerReferences);
  const templateHash = textOf(labels["pod-template-hash"]);
  const hash = templateHash ?? textOf(labels["controller-revision-hash"]);
  const statuses = statusesOf(membersOf(status));
  const modeLabel = modeLabelIn(metadata);
  const node = textOf(membersOf(spec).nodeName);
  return {
    uid,
    namespace,
    name,
    ...(owner === undefined ? {} : { owner }),
    workload: workloadOf(owner, templateHash, { name, uid }),
    // References to an owner in another namespace are forged.
    revision:
      owner === undefined ? uid : [namespace, owner.uid, ...(hash === undefined ? [] : [hash])].join("/"),
    ...(node === undefined ? {} : { node }),
    ...(modeLabel === undefined ? {} : { modeLabel }),
    ...(hasPullSecrets(spec) ? { hasPullSecrets: true as const } : {}),
    isMirror: annotations["kubernetes.io/config.mirror"] !== undefined,
    isEnding: meta.deletionTimestamp !== undefined,
    hasAnnotations: meta.annotations !== undefined,
    resourceVersion: textOf(meta.resourceVersion) ?? "",
    createdAt: Date.parse(textOf(meta.creationTimestamp) ?? "") || 0,
    containers: keptImages(spec).map((image) =>
      containerFacts(image, annotations, statuses, meta.generation === 1),
    ),
  };
}

/** @param isUnchanged the pod's spec is as it was made */
function containerFacts(
  image: PodImage,
  annotations: Members,
  statuses: Statuses,
  isUnchanged: boolean,
): ContainerFacts {
  const note = noteAbout(image.image, annotations[annotationKey(image)]);
  const status = image.kind === "volume" ? {} : (statuses.get(image.container) ?? {});
  const { waiting, running, terminated } = membersOf(status.state);
  const { reason, message } = membersOf(waiting);
  const hasStarted =
    running !== undefined || terminated !== undefined || Object.keys(membersOf(status.lastState)).length > 0;
  const pulled = textOf(status.imageID);
  return {
    ...image,
    written: note?.image ?? image.image,
    ...(note === undefined ? {} : { note }),
    ...(pulled === undefined ? {} : { pulled }),
    ...(pulled === undefined || isUnchanged || isNamed(status.image, image.image)
      ? {}
      : { isOfAnother: true as const }),
    hasStarted,
    ...(typeof reason === "string"
      ? { waiting: { reason, message: (textOf(message) ?? "").slice(0, MESSAGE_LENGTH_MAX) } }
      : {}),
  };
}

/**
 * Whether kubelet's name is the pod's. It may be another tag of the same bytes, so of a pod whose spec has not changed the name
 * says nothing; a digest in the pod's name speaks for itself.
 */
function isNamed(said: unknown, image: string): boolean {
  const name = textOf(said);
  const reference = tryParseReference(image);
  if (name === undefined || name === image || reference?.digest !== undefined) return true;
  const other = tryParseReference(name);
  return (
    reference !== undefined &&
    other !== undefined &&
    repositoryName(reference) === repositoryName(other) &&
    manifestName(reference) === manifestName(other)
  );
}

/** The digest that a node has pulled; undefined where it reports none: an image that was loaded, or that is not there yet. */
export function pulledDigest({ pulled }: Pick<ContainerFacts, "pulled">): Digest | undefined {
  const at = pulled?.lastIndexOf("@") ?? -1;
  const digest = at < 0 ? undefined : pulled?.slice(at + 1);
  return isDigest(digest) ? digest : undefined;
}

/** Whether a pod's spec names a login of its own. */
export function hasPullSecrets(spec: unknown): boolean {
  const { imagePullSecrets } = membersOf(spec);
  return Array.isArray(imagePullSecrets) && imagePullSecrets.length > 0;
}

type Statuses = ReadonlyMap<string, Members>;

function statusesOf(status: Members): Statuses {
  const all = [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .map(membersOf);
  return new Map(all.map((one) => [String(one.name), one]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
