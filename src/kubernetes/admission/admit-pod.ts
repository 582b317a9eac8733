/**
 * What a pod's admission changes: for each image its answer, with what is written and what is reported. Pure.
 *
 * On UPDATE only an image that this very request changes is looked at: any other runs already, and a new image would start its
 * container again.
 */

import { annotationKey, annotationValue, noteAbout, parseAnnotation } from "../annotation.ts";
import { answerFor, type LeaveCode, type Swap } from "../answer-for.ts";
import type { IndexRow } from "../image-index.ts";
import { MODE_LABEL, type Mode, modeOf } from "../mode.ts";
import { type PodImage, podImages } from "../pod-images.ts";
import { isOwnedByKubernetes } from "../pod-owners.ts";
import { modeOfWorkload, type WorkloadModes } from "../workload-modes.ts";
import type { AdmissionRequest } from "./admission-review.ts";

/** The index's row for exactly this image. */
export type RowLookup = { get(image: string): IndexRow | undefined };

export type Admission = {
  readonly rows: RowLookup;
  /** The chart's mode, lowered by the namespace's label. */
  readonly mode: Mode;
  /** Workloads whose label lowers it further. */
  readonly modes?: WorkloadModes;
  /** The user name of the controller, which decides by itself what it writes. */
  readonly account?: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** In addition to `answerFor`'s: `unchanged`: not by this request. `swapped-before`: the policy or an earlier call did. */
type AdmissionCode = LeaveCode | "unchanged" | "swapped-before" | "foreign-owner" | "own-write";

export type ImageDecision =
  | { readonly kind: "swap"; readonly image: PodImage; readonly swap: Swap }
  /** The owner put the written name back over its swap: the swap stays. */
  | { readonly kind: "keep"; readonly image: PodImage; readonly old: string; readonly note: string }
  /** Left, and the note that is there is of an image that is gone. */
  | {
      readonly kind: "left";
      readonly image: PodImage;
      readonly code: AdmissionCode;
      readonly would?: Swap;
      readonly staleNote?: true;
    };

/** The decision on each image of the pod, in the pod's order. */
export function admitPod(request: AdmissionRequest, admission: Admission): readonly ImageDecision[] {
  const old = new Map(podImages(request.oldPod?.spec).map((one) => [siteOf(one), one.image]));
  const isDebugger = request.subResource === "ephemeralcontainers";
  return podImages(request.pod.spec)
    .filter(({ kind }) => (kind === "ephemeral") === isDebugger)
    .map((image) => decide(image, old.get(siteOf(image)), request, admission));
}

function decide(
  image: PodImage,
  old: string | undefined,
  { pod, oldPod, username, operation, namespace }: AdmissionRequest,
  { rows, mode, modes = new Map(), account, now }: Admission,
): ImageDecision {
  const left = (code: AdmissionCode, more: { would?: Swap; staleNote?: true } = {}): ImageDecision => ({
    kind: "left",
    image,
    code,
    ...more,
  });
  if (username === account) return left("own-write");
  if (operation === "UPDATE" && (old === image.image || image.kind === "volume")) return left("unchanged");
  if (!isOwnedByKubernetes(pod.owners)) return left("foreign-owner");
  const ofWorkload = modeOfWorkload(modes, namespace, pod.workload ?? { kind: "Pod", name: "" });
  const inForce = modeOf(mode, pod.labels[MODE_LABEL], ofWorkload);
  const key = annotationKey(image);
  const note = pod.annotations?.[key];
  const oldNote = oldPod?.annotations?.[key];
  const isSwap = image.image.includes("@sha256:");
  // An ephemeral container has no note that would say so.
  if (isSwap && image.kind === "ephemeral") return left("swapped-before");
  const written = parseAnnotation(note)?.image;
  if (isSwap && note !== oldNote && written !== undefined && written !== image.image)
    return left("swapped-before");
  if (inForce === "remediate" && old !== undefined && oldNote !== undefined) {
    if (noteAbout(old, oldNote)?.image === image.image) return { kind: "keep", image, old, note: oldNote };
  }
  const answer = answerFor({ ...image, row: rows.get(image.image), mode: inForce, now });
  if ("swap" in answer) return { kind: "swap", image, swap: answer };
  const isStale = inForce === "remediate" && oldNote !== undefined && note === oldNote;
  return left(answer.leave, {
    ...(answer.would === undefined ? {} : { would: answer.would }),
    ...(isStale ? { staleNote: true } : {}),
  });
}

function siteOf({ kind, container }: PodImage): string {
  return `${kind === "volume"} ${container}`;
}

/** The value of a swap's note. */
export function noteOf(image: PodImage, { digest, proof, witness, askedAt }: Swap): string {
  return annotationValue({ image: image.image, digest, proof, witness, askedAt });
}
