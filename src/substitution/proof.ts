/** How it is known that a candidate is the image that the owner meant, strongest first. `docs/decisions` tells why. */
export type Proof = "same-index" | "same-platform" | "same-publisher" | "owner-said";

export const PROOFS: readonly Proof[] = ["same-index", "same-platform", "same-publisher", "owner-said"];
