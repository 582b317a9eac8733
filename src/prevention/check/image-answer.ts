/** What is known of an image: what may take its place and how that is proved, or codes that say why nothing may. */

import type { Digest } from "../../image/digest.ts";
import { canonicalName, tryParseReference } from "../../image/reference.ts";
import { isDockerHubFront } from "../../image/registry-hosts.ts";
import { matchesImage } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { Proof } from "../../substitution/proof.ts";

export type ImageAnswer = {
  /** Canonical. */
  readonly image: string;
  readonly replacement?: { readonly image: string; readonly digest: Digest; readonly proof: Proof };
  /** What the image's name meant when its registry was asked. */
  readonly trusted?: Digest;
  /** A place by its name alone: nothing is proved. */
  readonly likely?: string;
  readonly codes: readonly string[];
  /** ISO 8601; absent: no registry was asked. */
  readonly askedAt?: string;
};

/** By canonical name. */
export type Answers = ReadonlyMap<string, ImageAnswer>;

/** The name that answers are kept by; undefined for a text that is not an image. */
export function answerKey(image: string): string | undefined {
  const reference = tryParseReference(image);
  return reference === undefined ? undefined : canonicalName(reference);
}

/** Whether an image's registry is one whose limit is expected: Docker Hub, or one that a row of the policy leads away from. */
export function dependsOnLimited(image: string, { scope, imageMappings }: Policy): boolean {
  const reference = tryParseReference(image);
  if (reference === undefined) return false;
  const matches = (pattern: string): boolean => matchesImage(pattern, reference);
  if (!scope.images.include.some(matches) || scope.images.exclude.some(matches)) return false;
  return isDockerHubFront(reference.host) || imageMappings.some((row) => matches(row.image));
}
