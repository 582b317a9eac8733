/** What a witness says of the bytes that a name meant, and what is believed in the end. */

import type { Digest } from "../../image/digest.ts";
import type { Trusted, Untrusted, Witness } from "../../substitution/candidate.ts";

export type Testimony =
  | { readonly kind: "digest"; readonly digest: Digest; readonly pinnedSince?: Digest }
  | { readonly kind: "none" }
  | {
      readonly kind: "unknown";
      readonly because: string;
      /** The action that was refused, as IAM spells it. */
      readonly permission?: string;
      readonly transient?: boolean;
    };

/** A witness of the workload's own. That it cannot be read is an answer, and nothing that it throws. */
export type AskedWitness = {
  readonly from: Exclude<Witness, "reference" | "origin" | "operator">;
  readonly ask: () => Promise<Testimony>;
};

export type Belief = { readonly trusted: Trusted } | { readonly untrusted: Untrusted };
