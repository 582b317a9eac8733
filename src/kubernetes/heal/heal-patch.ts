/**
 * The change of one pod: one image, and the annotation that says what was meant and how the change is proved.
 *
 * It holds only for the pod and the image that were seen. Here a test that fails is our next try; in an admission webhook it
 * would refuse the pod.
 */

import { annotationKey, annotationValue, type SwapNote } from "../annotation.ts";
import type { JsonPatch } from "../objects/json-patch.ts";
import type { ContainerFacts, PodFacts } from "../workloads/pod-facts.ts";

export function healPatch(
  pod: Pick<PodFacts, "uid" | "hasAnnotations" | "resourceVersion">,
  container: Pick<ContainerFacts, "path" | "image" | "container" | "kind">,
  use: string,
  note: SwapNote,
): JsonPatch {
  const key = annotationKey(container);
  const value = annotationValue(note);
  return [
    { op: "test", path: "/metadata/uid", value: pod.uid },
    { op: "test", path: container.path, value: container.image },
    // A list that another writer has made meanwhile must not be replaced.
    ...(pod.hasAnnotations
      ? []
      : [{ op: "test", path: "/metadata/resourceVersion", value: pod.resourceVersion } as const]),
    pod.hasAnnotations
      ? { op: "add", path: `/metadata/annotations/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, value }
      : { op: "add", path: "/metadata/annotations", value: { [key]: value } },
    { op: "replace", path: container.path, value: use },
  ];
}
