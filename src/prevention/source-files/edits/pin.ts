/**
 * How a replacement is written: by its tag, by its digest, or by both, as is the habit of the kind of file.
 *
 * Task definitions have `name@digest`, as ECS documents it (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html,
 * read 2026-11); elsewhere `name:tag@digest` runs exactly those bytes and lets Renovate see which tag it follows.
 */

import type { Digest } from "../../../image/digest.ts";
import { canonicalName, tryParseReference } from "../../../image/reference.ts";
import type { FileKind } from "../found-image.ts";

export const PINS = ["digest", "tag", "both"] as const;
export type Pin = (typeof PINS)[number];

export type Replacement = {
  /** With the tag that a person would look for, where it has one. */
  readonly image: string;
  readonly digest: Digest;
};

/** As each kind is written where nothing else is asked for. */
export function habitOf(kind: FileKind): Pin {
  return ["task-definition", "cloudformation", "cdk", "terraform-plan"].includes(kind) ? "digest" : "both";
}

/** The words to write; undefined where the replacement has no tag, and one is asked for. */
export function pinned({ image, digest }: Replacement, pin: Pin): string | undefined {
  const reference = tryParseReference(image);
  if (reference === undefined) return undefined;
  const { host, path, tag } = reference;
  if (pin === "digest") return canonicalName({ host, path, digest });
  if (tag === undefined) return pin === "both" ? canonicalName({ host, path, digest }) : undefined;
  return canonicalName({ host, path, tag, ...(pin === "both" ? { digest } : {}) });
}
