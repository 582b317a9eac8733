/**
 * What of a pod may change: the images of its containers and init containers, and nothing else of its specification that Repull
 * could reach. (k8s.io/kubernetes pkg/apis/core/validation, ValidatePodUpdate, read 2026-11)
 */

import type { ClusterObject, Pod } from "../../kubernetes/objects/objects.ts";

/** Why the API server refuses a pod. */
export function refusedPod(pod: ClusterObject): string | undefined {
  const { containers = [], initContainers = [] } = (pod as Pod).spec ?? {};
  const names = [...containers, ...initContainers].map(({ name }) => name);
  if (names.length === 0) return "spec.containers: Required value";
  return new Set(names).size === names.length ? undefined : "spec.containers: Duplicate value";
}

/** Why the API server refuses the change. */
export function refusedPodChange(before: ClusterObject, after: ClusterObject): string | undefined {
  const same = JSON.stringify(withoutImages(before as Pod)) === JSON.stringify(withoutImages(after as Pod));
  if (!same)
    return "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`";
  const { containers = [], initContainers = [] } = (after as Pod).spec ?? {};
  const empty = [...containers, ...initContainers].find(
    ({ image = "" }) => image.trim() !== image || image === "",
  );
  return empty === undefined ? undefined : `spec.containers: ${empty.name}: image: Invalid value`;
}

function withoutImages({ spec }: Pod): unknown {
  const bare = (list: readonly object[] | undefined) => list?.map((one) => ({ ...one, image: undefined }));
  return spec && { ...spec, containers: bare(spec.containers), initContainers: bare(spec.initContainers) };
}
