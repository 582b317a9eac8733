/** Rows that may stay under the settings of now: a stricter policy counts at once, not when the proof is old. */

import { tryParseReference } from "../../image/reference.ts";
import { matchesImage } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { meets } from "../../substitution/proof.ts";
import type { IndexRow } from "../image-index.ts";

export function isAcceptable(
  image: string,
  { use, proof }: IndexRow,
  { scope, minimumProof }: Pick<Policy, "scope" | "minimumProof">,
  allowed: (image: string) => boolean,
): boolean {
  const reference = tryParseReference(image);
  if (reference === undefined) return false;
  const matches = (pattern: string): boolean => matchesImage(pattern, reference);
  if (!scope.images.include.some(matches) || scope.images.exclude.some(matches)) return false;
  if (use === undefined) return true;
  const isProved = proof === "operator-override" || (proof !== undefined && meets(proof, minimumProof));
  return isProved && allowed(use);
}
