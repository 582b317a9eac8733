/**
 * The JSON patch of an admission. The API server refuses the pod when a patch does not apply, whatever the failure policy says:
 * `patchObj.Apply` is outside of what it covers (k8s.io/apiserver v0.36.3, webhook/mutating/dispatcher.go). So it names only paths
 * that the request showed, has no `test`, and each image is read once more before it is sent.
 */

import { tryParseReference } from "../../image/reference.ts";
import { annotationKey } from "../annotation.ts";
import type { AdmissionChange, AdmissionRequest, PodObject } from "./admission-review.ts";
import { type ImageDecision, noteOf } from "./admit-pod.ts";

/** 256 KiB: k8s.io/apimachinery v0.36.3, pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB. */
const ANNOTATION_BYTES_MAX = 262_144;

/** The patch; undefined where it could not be applied, or the pod would be refused for it: nothing is changed then. */
export function patchOf(
  request: AdmissionRequest,
  decisions: readonly ImageDecision[],
): readonly AdmissionChange[] | undefined {
  const changes = decisions.flatMap((decision) => imageChange(decision));
  // The API server drops metadata of a request for an ephemeral container.
  const notes =
    request.subResource === undefined ? decisions.flatMap((decision) => noteChange(decision)) : [];
  if (!changes.every(({ value }) => tryParseReference(value)?.digest !== undefined)) return undefined;
  if (bytesAfter(request.pod, notes) > ANNOTATION_BYTES_MAX) return undefined;
  const adds = notes.some(({ value }) => value !== undefined);
  return [
    ...(adds && request.pod.annotations === undefined
      ? [{ op: "add", path: "/metadata/annotations", value: {} } as const]
      : []),
    ...changes,
    ...notes.map(({ key, value }): AdmissionChange => {
      const path = `/metadata/annotations/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      return value === undefined ? { op: "remove", path } : { op: "add", path, value };
    }),
  ];
}

function imageChange(decision: ImageDecision): { op: "replace"; path: string; value: string }[] {
  if (decision.kind === "left") return [];
  const value = decision.kind === "swap" ? decision.swap.swap : decision.old;
  return [{ op: "replace", path: decision.image.path, value }];
}

/** The note that comes, or goes where it has no value. */
function noteChange(decision: ImageDecision): { key: string; value?: string }[] {
  const key = annotationKey(decision.image);
  switch (decision.kind) {
    case "swap":
      return [{ key, value: noteOf(decision.image, decision.swap) }];
    case "keep":
      return [{ key, value: decision.note }];
    case "left":
      return decision.staleNote === true ? [{ key }] : [];
  }
}

function bytesAfter(
  { annotations = {} }: PodObject,
  notes: readonly { key: string; value?: string }[],
): number {
  const after = new Map(Object.entries(annotations));
  for (const { key, value } of notes) {
    if (value === undefined) after.delete(key);
    else after.set(key, value);
  }
  return [...after].reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
}
