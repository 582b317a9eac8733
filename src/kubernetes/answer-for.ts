/**
 * Which image a container gets: pure, without a question to anyone. Webhook, heal and the report on pods that slipped through
 * call this; the admission policy says the same in CEL (policies/swap-images.ts).
 */

import type { Digest } from "../image/digest.ts";
import { tryParseReference } from "../image/reference.ts";
import type { IndexRow } from "./image-index.ts";
import type { Mode } from "./mode.ts";

export type Question = {
  /** As the pod writes it. */
  readonly image: string;
  /** Absent: as Kubernetes sets it for a tag, `IfNotPresent`. */
  readonly pullPolicy?: string | undefined;
  /** The index's row for exactly this image. */
  readonly row?: IndexRow | undefined;
  readonly mode: Mode;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

export type Swap = {
  /** repository@digest. */
  readonly swap: string;
  /** What the name meant; where no witness said that, what runs. */
  readonly digest: Digest;
  readonly proof: string;
  readonly witness: string;
  readonly askedAt: string;
};

/**
 * `opted-out`: the mode is off. `never-pull`: the pod pulls nothing. `not-in-index`: no row yet. `no-place`: no source is proved.
 * `expired`: the proof is too old. `always-pull`: the pod wants the newest, and the proof is older than a minute.
 * `already-there`: it is that image. `row-invalid`: the row contradicts itself. `observed`: it would be swapped.
 */
export type LeaveCode =
  | "opted-out"
  | "never-pull"
  | "not-in-index"
  | "no-place"
  | "expired"
  | "always-pull"
  | "already-there"
  | "row-invalid"
  | "observed";

export type Leave = {
  readonly leave: LeaveCode;
  /** With `observed`: what `remediate` would do. */
  readonly would?: Swap;
};

/** The age of a proof up to which it answers for an owner who asks the registry at every start. */
const ALWAYS_PULL_MAX_AGE_MS = 60_000;

/** The image to run instead, or why the one that is written stays. */
export function answerFor({ image, pullPolicy, row, mode, now }: Question): Swap | Leave {
  if (mode === "off") return { leave: "opted-out" };
  if (pullPolicy === "Never") return { leave: "never-pull" };
  if (row === undefined) return { leave: "not-in-index" };
  if (row.use === undefined) return { leave: "no-place" };
  if (!(now < Date.parse(row.goodUntil))) return { leave: "expired" };
  // A proof from a time to come is of any age: one of the two clocks is wrong.
  const isFresh = Math.abs(now - Date.parse(row.askedAt)) < ALWAYS_PULL_MAX_AGE_MS;
  if (pullPolicy === "Always" && !isFresh) return { leave: "always-pull" };
  if (row.use === image) return { leave: "already-there" };
  const swap = swapOf(image, row);
  if (swap === undefined) return { leave: "row-invalid" };
  return mode === "remediate" ? swap : { leave: "observed", would: swap };
}

/** The row as a swap; undefined where it contradicts itself, or the image that it is about. */
function swapOf(image: string, { use, proof, trusted, askedAt }: IndexRow): Swap | undefined {
  const digest = tryParseReference(use)?.digest;
  if (use === undefined || digest === undefined || proof === undefined) return undefined;
  // A claim about the publisher, or the operator's word, has no digest behind it.
  const witness = trusted?.from ?? "none";
  if (trusted === undefined && (proof === "same-index" || proof === "same-platform")) return undefined;
  if (proof === "same-index" && digest !== trusted?.digest) return undefined;
  // A digest of another form is another digest, as the policy compares them.
  if (image.includes("@") && trusted !== undefined && !image.endsWith(`@${trusted.digest}`)) return undefined;
  return { swap: use, digest: trusted?.digest ?? digest, proof, witness, askedAt };
}
