/**
 * The annotation by which a pod says what Repull changed: one for each image, the same by policy, webhook and heal.
 *
 *     image.repull.dev/<container>: "<image as written> <trusted digest> <proof> <witness> <asked at>"
 *
 * A volume may have a container's name, so the annotation of a volume has a prefix of its own.
 */

import { type Digest, isDigest } from "../image/digest.ts";
import { tryParseReference } from "../image/reference.ts";
import type { PodImageKind } from "./pod-images.ts";

export const CONTAINER_PREFIX = "image.repull.dev/";
export const VOLUME_PREFIX = "image-volume.repull.dev/";

export type SwapNote = {
  /** The image as the pod's owner wrote it. */
  readonly image: string;
  /** What the name meant, as the witness said; what runs is in the pod's image, and the proof says how the two are one. */
  readonly digest: Digest;
  readonly proof: string;
  readonly witness: string;
  /** RFC 3339, UTC. */
  readonly askedAt: string;
};

/** The annotation's key. */
export function annotationKey({ container, kind }: { container: string; kind: PodImageKind }): string {
  return `${kind === "volume" ? VOLUME_PREFIX : CONTAINER_PREFIX}${container}`;
}

/** Whether the key is of an annotation of ours. */
export function isOurAnnotation(key: string): boolean {
  return key.startsWith(CONTAINER_PREFIX) || key.startsWith(VOLUME_PREFIX);
}

/** The annotation's value. */
export function annotationValue({ image, digest, proof, witness, askedAt }: SwapNote): string {
  return [image, digest, proof, witness, askedAt].join(" ");
}

/** What an annotation says; undefined where it has another form. The API server takes an image with spaces in it. */
export function parseAnnotation(value: unknown): SwapNote | undefined {
  if (typeof value !== "string") return undefined;
  const words = value.split(" ");
  const [digest, proof, witness, askedAt] = words.splice(-4);
  const image = words.join(" ");
  if (image === "" || !isDigest(digest) || !proof || !witness || !askedAt) return undefined;
  return { image, digest, proof, witness, askedAt };
}

/**
 * The annotation, where it can be about this image. Authors copy annotations with the rest of a pod and write another image:
 * into a template, by `kubectl debug --copy-to --set-image --keep-annotations`, or by a restore that renames images.
 */
export function noteAbout(image: string, value: unknown): SwapNote | undefined {
  const note = parseAnnotation(value);
  const digest = tryParseReference(image)?.digest;
  if (note === undefined || digest === undefined) return undefined;
  return note.proof === "same-index" && digest !== note.digest ? undefined : note;
}
