/**
 * What a plan is made from, and what it says.
 */

import type { Digest } from "../image/digest.ts";
import type { Platform } from "../image/platform.ts";
import type { Limit } from "./applicable-limits.ts";
import type {
  Candidate,
  Check,
  NotApplicable,
  ProbedCandidate,
  RejectionCode,
  Trusted,
  Untrusted,
} from "./candidate.ts";
import type { Policy } from "./policy/policy.ts";
import type { Proof, ProofLevel } from "./proof.ts";
import type { Remedy } from "./remedies/remedy.ts";

/** What the survey learned about one image of the task definition. */
export type ImageFacts = {
  /** As the task definition writes it. */
  readonly image: string;
  readonly containers: readonly string[];
  /** Its pull is what failed; the others would fail next. */
  readonly failing: boolean;
  readonly trusted?: Trusted;
  readonly untrusted?: Untrusted;
  /** The manifest in the failing text that is of other bytes than the trusted digest. */
  readonly vetoedBy?: Digest;
  /** A manifest in the failing text that could not be compared, and why: it is ignored, and said. */
  readonly notCompared?: { readonly digest: Digest; readonly because: string };
  /** What another deployment ran under this name: shown, never trusted, because the tag may have moved on purpose. */
  readonly ranBefore?: Digest;
  readonly probedCandidates: readonly ProbedCandidate[];
  /** Strategies of the policy that have no place to ask. */
  readonly notApplicable?: readonly NotApplicable[];
  /** Where an operator has ordered the bytes that its tag names now. */
  readonly ordered?: Ordered;
};

/** What an order replaces, and how to go back to exactly that. */
export type Ordered = {
  /** The image as it was written before a copy of it was named. */
  readonly writtenAs: string;
  /** What the deployment in place runs. */
  readonly runs: Digest;
  /** Where the task definition names a tag, which is resolved anew by each deployment: those bytes by their digest. */
  readonly wayBack?: { readonly image: string; readonly digest: Digest };
};

export type Substitute = {
  readonly candidate: Candidate;
  readonly proof: Proof;
  /** What runs; for a copy still to be made, what is copied. Absent where the reference stays, and no digest is known. */
  readonly digest?: Digest;
  /** What the task definition will say; absent until the copy exists. */
  readonly writes?: string;
  /** The copy to be made first. */
  readonly copy?: {
    readonly source: string;
    readonly target: string;
    /** Those of them that the image has; absent: all of the image. */
    readonly platforms?: readonly Platform[];
    readonly anonymous?: true;
  };
  /** The pull-through cache to be filled first. */
  readonly importIntoCache?: {
    readonly target: string;
    readonly upstream: string;
    readonly platforms?: readonly Platform[];
  };
  /** What the source still grants, and to which address or account. */
  readonly quota?: string;
  readonly checks: readonly Check[];
};

export type RejectedCandidate = {
  readonly candidate: Candidate;
  readonly code: RejectionCode;
  readonly because: string;
  /** With `weak-proof`: what was proved. */
  readonly proof?: ProofLevel;
  /** With `cache-not-fillable`: the repositories that the stack has to allow. */
  readonly repositories?: string;
  readonly checks?: readonly Check[];
};

export type ImagePlan = {
  readonly image: string;
  readonly containers: readonly string[];
  readonly failing: boolean;
  readonly trusted?: Trusted;
  readonly untrusted?: Untrusted;
  readonly vetoedBy?: Digest;
  readonly notCompared?: ImageFacts["notCompared"];
  readonly substitute?: Substitute;
  readonly rejected: readonly RejectedCandidate[];
  readonly notApplicable?: readonly NotApplicable[];
  readonly ordered?: Ordered;
};

/** Why there is no substitute, in a word that can be counted. */
export type NoSubstituteCode = "no-proof" | "trust-unreadable" | "other-manifest-in-text";

export type Plan =
  | { readonly kind: "substitute"; readonly images: readonly ImagePlan[]; readonly policy: Policy }
  | {
      readonly kind: "no-substitute";
      readonly code: NoSubstituteCode;
      readonly because: string;
      readonly images: readonly ImagePlan[];
      readonly remedies: readonly Remedy[];
      readonly policy: Policy;
    };

export type PlanContext = {
  readonly policy: Policy;
  /** Every platform that the tasks may run on; absent or none: not known. */
  readonly platforms?: readonly Platform[];
  /** The limit that was met; `endsBy`: the latest moment at which it ends, where that is known. */
  readonly limit?: Limit & { readonly endsBy?: string };
  /** What pulls again by itself when the limit is over; absent: ECS does, for a service. */
  readonly again?: "the next run" | "nothing";
};
