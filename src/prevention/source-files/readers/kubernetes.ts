/**
 * Kubernetes manifests, `helm template`'s output too: the images of pods and of what makes pods, and of each other object that
 * has containers where a pod has them.
 */

import { podImages, templateOf } from "../../../kubernetes/pod-images.ts";
import { isMembers, membersOf } from "../../../runtime/json.ts";
import { type Pointer, type SourceDocument, valueAt } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import { imageAt } from "./document-reader.ts";

/**
 * What custom resources call containers: as a pod does, and Argo's templates (https://argo-workflows.readthedocs.io/en/latest/fields/)
 * and Tekton's tasks (https://tekton.dev/docs/pipelines/tasks/, both read 2026-11).
 */
const CONTAINERS = new Set(["containers", "initContainers", "ephemeralContainers", "sidecars", "steps"]);
const CONTAINER = new Set(["container", "script", "stepTemplate"]);
const DEPTH_MAX = 24;

export function kubernetesImages(document: SourceDocument): readonly FoundImage[] {
  return objectsIn(document.value, []).flatMap((at) => {
    const object = membersOf(valueAt(document.value, at));
    const template = templateOf(object);
    const name = membersOf(object.metadata).name;
    const titled = `${object.kind}/${typeof name === "string" ? name : "?"}`;
    const ofPod =
      template === undefined
        ? []
        : podImages(template.spec, template.path).map(({ path }) => [...at, ...path.split("/").slice(1)]);
    // Another group's object may have the kind of a known one, and its containers in another place: Volcano's Job.
    const pointers = ofPod.length > 0 ? ofPod : containersIn(object.spec, [...at, "spec"], new Set());
    return pointers.flatMap((pointer) =>
      imageAt(document, pointer, { place: `${titled} ${pointer.slice(at.length).join(".")}` }),
    );
  });
}

/** An object, or those of a List. */
function objectsIn(value: unknown, at: Pointer): readonly Pointer[] {
  const { kind, items } = membersOf(value);
  if (typeof kind !== "string") return [];
  if (!kind.endsWith("List") || !Array.isArray(items)) return [at];
  return items.flatMap((item, index) => (isMembers(item) ? [[...at, "items", index]] : []));
}

/** A custom resource: what it calls containers, with images, is run by pods. */
function containersIn(value: unknown, at: Pointer, seen: Set<unknown>): readonly Pointer[] {
  if (typeof value !== "object" || value === null || seen.has(value) || at.length > DEPTH_MAX) return [];
  seen.add(value);
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => {
    const here = [...at, key];
    if (CONTAINERS.has(String(key)) && Array.isArray(inner))
      return inner.flatMap((one, index) => containersAt(one, [...here, index], seen));
    return CONTAINER.has(String(key)) ? containersAt(inner, here, seen) : containersIn(inner, here, seen);
  });
}

/** The container itself; or what is in it, where it is none: Argo's workflows have steps of steps. */
function containersAt(value: unknown, at: Pointer, seen: Set<unknown>): readonly Pointer[] {
  return typeof membersOf(value).image === "string" ? [[...at, "image"]] : containersIn(value, at, seen);
}
