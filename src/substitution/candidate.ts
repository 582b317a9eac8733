/** A place where the image may be, and what its registry said when asked. */

import type { Digest } from "../image/digest.ts";
import type { StrategyName } from "./strategy-name.ts";

/** The digest that was meant when the failing deployment began, and which witness says so. */
export type Trusted = {
  readonly digest: Digest;
  readonly from: Witness;
  /** ISO 8601. */
  readonly askedAt?: string;
  /** From an execution: what ECS has pinned since, for the deployment by which that execution rolled back. */
  readonly pinnedSince?: Digest;
};

/**
 * `reference`: the image is written with its digest; `service-revision`: ECS pinned it for the failing deployment; `task`:
 * every task of that deployment with a known digest runs it; `origin`: the image's own registry, asked by HEAD; `execution`: an
 * earlier remediation of the same revision, which rolled its change back; `pod`: every running pod of the same Kubernetes
 * revision with a known digest has pulled it; `operator`: no deployment meant it, an operator has ordered it (`repull mirrors
 * refresh --apply`).
 */
export type Witness = "reference" | "service-revision" | "task" | "origin" | "execution" | "pod" | "operator";

/** Why no digest is trusted. */
export type Untrusted = {
  readonly code: UntrustedCode;
  readonly because: string;
  /** The action that was refused, as IAM spells it. */
  readonly permission?: string;
  /** The answer may be another in a while. */
  readonly transient?: boolean;
  /** With `origin-unreadable`: its registry is silent or out of order; a refusal of the image is not. */
  readonly unavailable?: true;
  /** With `origin-unreadable`: why its registry did not answer. */
  readonly unanswered?: Unanswered;
};

/**
 * `trust-unreadable`: a witness that must be heard cannot be read, or contradicts itself, and `other-manifest-in-text`:
 * the failing text names a manifest of other bytes. With either of them nothing may run in the image's place. The
 * others leave the proofs that need no digest.
 */
export type UntrustedCode =
  | "trust-unreadable"
  | "other-manifest-in-text"
  | "origin-unreadable"
  | "origin-not-allowed"
  | "origin-has-no-tag";

/** Whether nothing at all may take the image's place. */
export function isBarred(
  untrusted: Untrusted | undefined,
): untrusted is Untrusted & { readonly code: "trust-unreadable" | "other-manifest-in-text" } {
  return untrusted?.code === "trust-unreadable" || untrusted?.code === "other-manifest-in-text";
}

export type Candidate = {
  readonly strategy: StrategyName;
  /** Where the task would pull from: a repository, with the tag that a person would look for. */
  readonly image: string;
  /** mirror: where the bytes come from. */
  readonly source?: string;
  /** mirror: the source is read anonymously, although an account is configured. */
  readonly anonymous?: true;
  /** pull-through: the rule's prefix, and the image that ECR asks its upstream for. */
  readonly pullThroughRule?: { readonly rule: string; readonly upstream: string };
  /** sign-in: the ARN of the secret that the task shows; never its content. */
  readonly secret?: string;
  /** The same publisher keeps both names: what counts when no digest can be compared. */
  readonly samePublisher: boolean;
  /** The policy maps exactly this image to this place, whatever its bytes. */
  readonly operatorOverride?: true;
};

export type Found = {
  readonly kind: "found";
  readonly digest: Digest;
  /** It is an index: several platforms, one digest. */
  readonly isIndex: boolean;
  /** The trusted index that lists `digest`, or all that `digest` lists: read and verified. */
  readonly childOf?: Digest;
  /** Where `digest` is an index and the tasks need one platform: its child for that. */
  readonly platformDigest?: Digest;
  /** What the source still grants to the copier, and which address or account it counts. */
  readonly quota?: string;
  /** `unknown`: it counts, and does not report how many are left; absent: it names no limit. */
  readonly pullsLeft?: number | "unknown";
};

export type ProbeResult =
  | Found
  /** pull-through: not cached, but a rule leads to it. */
  | { readonly kind: "fetchable" }
  /** authenticated-pull: the reference stays as it is written, and its digest is unknown. */
  | { readonly kind: "kept" }
  | NotHeld;

/** The place cannot be used, as its registry reports. */
export type NotHeld = {
  readonly kind:
    | "absent"
    | "unreachable"
    | "rate-limited"
    | "denied"
    | "not-allowed"
    | "archived"
    | "unknown";
  readonly because: string;
  readonly code?: ProbeCode;
  /** With `cache-not-fillable`: the repositories that the stack has to allow. */
  readonly repositories?: string;
  /** With `archived`: what is archived, the expected image or the part of it that a copy has. */
  readonly archived?: readonly Digest[];
};

/** A registry that did not answer: it did not in its time, there was no time to ask it, or it may not be asked now. */
type Unanswered = "no-answer" | "no-time" | "not-asked";

/**
 * More than its kind says of a place that lost. `no-digest`: nothing to compare it with is known; `account-exhausted`: the
 * configured account has no pulls left; `private-image`: the policy does not let it be copied; `cache-not-fillable`: Repull
 * may not fill the repositories of the pull-through cache rule; `no-platform`: bytes that are new to the tasks are for other machines.
 */
type ProbeCode =
  | Unanswered
  | "no-digest"
  | "account-exhausted"
  | "private-image"
  | "cache-not-fillable"
  | "no-platform";

/** Why a place is not used, for programs. */
export type RejectionCode =
  | NotHeld["kind"]
  | ProbeCode
  | UntrustedCode
  | "check-failed"
  | "secret-unchecked"
  | "other-content"
  | "weak-proof";

/** Something that a task needs in addition to the bytes, checked beforehand. */
export type Check = {
  readonly what: "role" | "network" | "platform" | "rule" | "secret";
  readonly result: "passed" | "failed" | "not checked";
  readonly because: string;
  /** Of `role` and `secret`: there is no execution role that could be allowed anything. */
  readonly code?: "no-execution-role";
  /** The permissions that a role lacks. */
  readonly lacks?: {
    /** Its name, without its path. */
    readonly role: string;
    readonly actions: readonly string[];
    readonly resource: string;
  };
};

export type ProbedCandidate = {
  readonly candidate: Candidate;
  readonly seen: ProbeResult;
  readonly checks?: readonly Check[];
};

/** Why a strategy has no place to offer. */
export type NotApplicableReason = {
  readonly code: NotApplicableCode;
  readonly because: string;
  /** With `no-cache-rule`: the registry that no rule leads to. */
  readonly host?: string;
};

export type NotApplicableCode =
  | "no-cache-rule"
  | "cache-rules-unreadable"
  | "no-aws-account"
  | "cache-rule-unsuitable"
  | "cache-is-limited"
  | "not-published"
  | "no-mirror-prefix"
  | "no-account"
  | "account-already-used"
  | "other-registry"
  | "no-digest"
  | "abuse-limit";

/** A strategy that has no place to offer for an image, and why. */
export type NotApplicable = { readonly strategy: StrategyName } & NotApplicableReason;

/** Identifies one candidate of an image: the same place may be read with an account and anonymously. */
export function candidateKey({ strategy, image, source, anonymous }: Candidate): string {
  return `${strategy} ${source === undefined ? "" : `${source} → `}${image}${anonymous ? " anonymously" : ""}`;
}
