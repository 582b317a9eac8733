/**
 * The tags of other registries that a cluster's pods and templates name, each with who names it, the repository of its copies
 * in ECR, and the images of ECR that run in its place. Pure.
 */

import {
  canonicalName,
  dockerHubName,
  type ImageReference,
  tryParseReference,
} from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import {
  isNamespaceInScope,
  isPodInScope,
  type TemplateFacts,
  type UseScope,
} from "../../kubernetes/index/images-in-use.ts";
import type { Workload } from "../../kubernetes/workloads/owners.ts";
import { type PodFacts, pulledDigest } from "../../kubernetes/workloads/pod-facts.ts";
import type { ImageUse } from "../../mirrors/facts.ts";
import { matchesImage } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { mirrorTarget } from "../../substitution/strategies/ecr-copy.ts";

export type TagInUse = {
  /** Canonical, with its tag. */
  readonly name: string;
  readonly source: ImageReference;
  /** Of its copies in ECR, whether there is one or not. */
  readonly repository: string;
  /** Pods, and templates that name it. */
  readonly exposure: number;
  readonly owners: readonly { readonly namespace: string; readonly workload: Workload }[];
  readonly uses: readonly ImageUse[];
};

type Cluster = {
  readonly pods: ReadonlyMap<string, PodFacts>;
  readonly templates: ReadonlyMap<string, TemplateFacts>;
};

/** The most used first. An image that is named by its digest alone has no tag that could move. */
export function tagsInUse(
  { pods, templates }: Cluster,
  scope: Omit<UseScope, "mapped">,
  place: { readonly ecrHost: string; readonly policy: Pick<Policy, "mirrorPrefix"> },
): readonly TagInUse[] {
  const found = new Map<string, Collected>();
  const tagOf = (image: string): Collected | undefined => {
    const source = sourceOf(image, scope);
    const target = source && mirrorTarget(source, place);
    if (source === undefined || target === undefined) return undefined;
    const name = canonicalName(source);
    const tag = found.get(name) ?? {
      name,
      source,
      repository: target.path,
      exposure: 0,
      owners: new Map(),
      uses: new Map(),
    };
    found.set(name, tag);
    return tag;
  };
  const note = (
    tag: Collected,
    namespace: string,
    workload: Workload,
    named: Omit<ImageUse, "place" | "by">,
  ) => {
    const by = `${namespace}/${workload.kind}/${workload.name}`;
    tag.owners.set(by, { namespace, workload });
    tag.uses.set(JSON.stringify([by, named]), { place: "clusters", by, ...named });
  };
  for (const pod of pods.values()) {
    if (!isPodInScope(pod, scope)) continue;
    const { namespace, workload } = pod;
    for (const container of pod.containers) {
      const tag = tagOf(container.written);
      if (tag === undefined) continue;
      tag.exposure += 1;
      note(tag, namespace, workload, { image: container.written });
      // What runs in its place, and what the node has of it: these show which copy is used.
      if (container.image !== container.written) note(tag, namespace, workload, { image: container.image });
      const digest = pulledDigest(container);
      if (digest !== undefined) note(tag, namespace, workload, { digest });
    }
  }
  for (const { namespace, kind, name, uid, images } of templates.values()) {
    if (!isNamespaceInScope(namespace, scope)) continue;
    for (const image of images) {
      const tag = tagOf(image);
      if (tag === undefined) continue;
      tag.exposure += 1;
      note(
        tag,
        namespace,
        { apiVersion: kind.endsWith("Job") ? "batch/v1" : "apps/v1", kind, name, uid },
        { image },
      );
    }
  }
  return [...found.values()]
    .map((tag) => ({ ...tag, owners: [...tag.owners.values()], uses: [...tag.uses.values()] }))
    .toSorted((a, b) => b.exposure - a.exposure || (a.name < b.name ? -1 : 1));
}

type Collected = Omit<TagInUse, "exposure" | "owners" | "uses"> & {
  exposure: number;
  readonly owners: Map<string, TagInUse["owners"][number]>;
  readonly uses: Map<string, ImageUse>;
};

/** Whichever the registry: what was copied for a cluster may come from any. */
function sourceOf(image: string, { images }: Pick<UseScope, "images">): ImageReference | undefined {
  const reference = tryParseReference(image);
  if (reference?.tag === undefined || reference.digest !== undefined) return undefined;
  if (registryOf(reference.host).kind === "ecr") return undefined;
  const matches = (pattern: string): boolean => matchesImage(pattern, reference);
  if (!images.include.some(matches) || images.exclude.some(matches)) return undefined;
  return dockerHubName(reference) ?? reference;
}
