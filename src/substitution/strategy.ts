/**
 * A strategy names places where an image's bytes may be; it does not ask, and it does not choose.
 *
 * The survey asks each place, the planner compares. To add one, see CONTRIBUTING.md.
 */

import type { Digest } from "../image/digest.ts";
import type { ImageReference } from "../image/reference.ts";
import type { Candidate, NotApplicableReason } from "./candidate.ts";
import type { Policy } from "./policy/policy.ts";
import type { PullThroughRule } from "./pull-through-rule.ts";
import type { StrategyName } from "./strategy-name.ts";

export type StrategyContext = {
  /** The registry host of our own account and region. */
  readonly ecrHost: string;
  readonly policy: Policy;
  readonly trusted?: Digest;
  /** ECR's pull-through cache rules, or why they are not known. */
  readonly rules: readonly PullThroughRule[] | { readonly because: string };
  /** The containers already show an account to the registry. */
  readonly signedIn: boolean;
  /** The name that the task definition writes, where Docker Hub knows the image by another (offer.ts). */
  readonly written?: ImageReference;
};

export type Strategy = {
  readonly name: StrategyName;
  /** In a few words, for plans: what it does to the service. */
  readonly summary: string;
  /** The places to ask, best first; or why the strategy has nothing to offer for this image. */
  candidates(image: ImageReference, context: StrategyContext): readonly Candidate[] | NotApplicableReason;
};
