/**
 * The images that a cluster's pods and templates name, each exactly as it is written, with how much depends on it: what
 * would hurt most is asked first.
 */

import { type ImageReference, tryParseReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { matchesGlob, matchesImage, type Scope } from "../../substitution/glob.ts";
import { keptImages, templateOf } from "../pod-images.ts";
import { cronJobOf, modeLabelIn, workloadKey } from "../workload-modes.ts";
import { isOwnerInScope, type Owner } from "../workloads/owners.ts";
import type { PodFacts } from "../workloads/pod-facts.ts";

/** A template of pods: what a rollout, a schedule or a scale-up would start. */
export type TemplateFacts = {
  readonly uid: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly images: readonly string[];
  /** Counted by the API server: it grows with each change of what is wanted. */
  readonly generation: number;
  /** Of the workload's own metadata. */
  readonly modeLabel?: string;
  /** Of a Job: the CronJob that it is of. */
  readonly cronJob?: string;
};

export type ImageInUse = {
  readonly image: string;
  readonly reference: ImageReference;
  /** Pods times the nodes they are on; a template that has no pod yet counts as one. */
  readonly exposure: number;
  /** The pods that use it, a list for each revision; an empty one for a template without pods. */
  readonly revisions: readonly (readonly PodFacts[])[];
};

export type UseScope = {
  readonly namespaces: Scope;
  readonly images: Scope;
  readonly owners: Scope;
  /** Images of the policy's own mappings: they have a row whatever their registry is. */
  readonly mapped: readonly string[];
};

/** Namespaces that are never changed: a cluster that cannot start these heals nothing. */
const SYSTEM_NAMESPACES: readonly string[] = ["kube-system", "kube-node-lease", "kube-public"];

/** Reads a workload as the API server sends it; undefined where it makes no pods by itself (a Job of a CronJob has its own). */
export function templateFacts(object: unknown): TemplateFacts | undefined {
  const template = templateOf(object);
  const { kind, metadata } = object as { kind?: unknown; metadata?: Readonly<Record<string, unknown>> };
  const { uid, namespace, name, generation } = metadata ?? {};
  if (template === undefined || typeof uid !== "string") return undefined;
  const modeLabel = modeLabelIn(metadata);
  const cronJob = cronJobOf(kind, metadata?.ownerReferences);
  return {
    uid,
    ...(cronJob === undefined ? {} : { cronJob }),
    ...(modeLabel === undefined ? {} : { modeLabel }),
    kind: String(kind),
    namespace: String(namespace),
    name: String(name),
    images: [...new Set(keptImages(template.spec).map(({ image }) => image))],
    generation: typeof generation === "number" ? generation : 0,
  };
}

/** The images to have rows for, the most exposed first. */
export function imagesInUse(
  pods: Iterable<PodFacts>,
  templates: Iterable<TemplateFacts>,
  scope: UseScope,
): readonly ImageInUse[] {
  const uses = new Map<string, Use>();
  const useOf = (image: string): Use | undefined => {
    const known = uses.get(image);
    if (known !== undefined) return known;
    const reference = referenceInScope(image, scope);
    if (reference === undefined) return undefined;
    const use: Use = { reference, pods: 0, nodes: new Set(), revisions: new Map(), templates: 0 };
    uses.set(image, use);
    return use;
  };
  const withPods = new Set<string>();
  for (const pod of pods) {
    if (!isPodInScope(pod, scope)) continue;
    for (const { written } of pod.containers) {
      const use = useOf(written);
      if (use === undefined) continue;
      withPods.add(`${workloadKey(pod.namespace, pod.workload)} ${written}`);
      use.pods += 1;
      if (pod.node !== undefined) use.nodes.add(pod.node);
      const revision = use.revisions.get(pod.revision) ?? [];
      revision.push(pod);
      use.revisions.set(pod.revision, revision);
    }
  }
  for (const template of templates) {
    if (!isNamespaceInScope(template.namespace, scope)) continue;
    for (const image of template.images) {
      if (withPods.has(`${workloadKey(template.namespace, template)} ${image}`)) continue;
      const use = useOf(image);
      if (use !== undefined) use.templates += 1;
    }
  }
  return [...uses]
    .map(([image, use]) => inUse(image, use))
    .toSorted((a, b) => b.exposure - a.exposure || (a.image < b.image ? -1 : 1));
}

type Use = {
  readonly reference: ImageReference;
  pods: number;
  readonly nodes: Set<string>;
  readonly revisions: Map<string, PodFacts[]>;
  templates: number;
};

function inUse(image: string, { reference, pods, nodes, revisions, templates }: Use): ImageInUse {
  return {
    image,
    reference,
    exposure: pods * Math.max(1, nodes.size) + templates,
    revisions: [...revisions.values(), ...(templates > 0 ? [[]] : [])],
  };
}

/** Only registries that count pulls need a substitute before anything has failed. */
function referenceInScope(image: string, { images, mapped }: UseScope): ImageReference | undefined {
  const reference = tryParseReference(image);
  if (reference === undefined) return undefined;
  const matches = (pattern: string): boolean => matchesImage(pattern, reference);
  const isAsked = isDockerHubFront(reference.host) || mapped.some(matches);
  return isAsked && images.include.some(matches) && !images.exclude.some(matches) ? reference : undefined;
}

export function isPodInScope(
  pod: Pick<PodFacts, "namespace" | "isMirror" | "isEnding"> & { readonly owner?: Owner },
  scope: Pick<UseScope, "namespaces" | "owners">,
): boolean {
  return (
    !pod.isMirror &&
    !pod.isEnding &&
    isNamespaceInScope(pod.namespace, scope) &&
    isOwnerInScope(pod.owner, scope.owners)
  );
}

export function isNamespaceInScope(namespace: string, { namespaces }: Pick<UseScope, "namespaces">): boolean {
  const matches = (pattern: string): boolean => matchesGlob(pattern, namespace);
  return (
    !SYSTEM_NAMESPACES.includes(namespace) &&
    namespaces.include.some(matches) &&
    !namespaces.exclude.some(matches)
  );
}
