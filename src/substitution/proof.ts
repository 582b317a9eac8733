/**
 * How it is known that a candidate is the image that was meant, strongest first.
 *
 * A name is not an image: without one of these, the right name over other bytes would run in production.
 */

import type { Digest } from "../image/digest.ts";
import type { Found, Trusted } from "./candidate.ts";

export const PROOFS = ["same-index", "same-platform", "same-publisher", "operator-override"] as const;

export type ProofLevel = (typeof PROOFS)[number];

/** `same-reference`: the reference stays as it is written, without a substitute. */
export type Proof = ProofLevel | "same-reference";

/** Whether `proof` is as strong as `least`, or stronger. */
export function meets(proof: Proof, least: ProofLevel): boolean {
  return proof === "same-reference" || PROOFS.indexOf(proof) <= PROOFS.indexOf(least);
}

/**
 * The strongest proof that what was found is what is trusted, with the digest to run; undefined where the bytes are other ones.
 *
 * ECS may have recorded the index or the platform's manifest, and a copy may hold either: they match when one of the
 * candidate's two digests is the trusted one, or when the trusted index lists the candidate.
 */
export function proofOf(found: Found, trusted: Trusted): { proof: ProofLevel; digest: Digest } | undefined {
  if (found.digest === trusted.digest) return { proof: "same-index", digest: found.digest };
  if (found.childOf === trusted.digest) return { proof: "same-platform", digest: found.digest };
  if (found.platformDigest === trusted.digest) return { proof: "same-platform", digest: trusted.digest };
  return undefined;
}
