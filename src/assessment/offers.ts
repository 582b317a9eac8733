/** The places that the policy's strategies name for an image under a limit, in their order. Pure: nothing is asked. */

import type { ImageReference } from "../image/reference.ts";
import { DOCKER_HUB_HOST } from "../image/registry-hosts.ts";
import { type Limit, notApplicableReason } from "../substitution/applicable-limits.ts";
import type { Candidate, NotApplicable } from "../substitution/candidate.ts";
import { type CandidatesContext, candidatesOf } from "../substitution/strategies/candidates-of.ts";
import type { StrategyContext } from "../substitution/strategy.ts";
import type { StrategyName } from "../substitution/strategy-name.ts";

export type Offer =
  | { readonly strategy: StrategyName; readonly candidates: readonly Candidate[] }
  | NotApplicable;

export type OffersContext = Omit<CandidatesContext, "ecrHost" | "rules"> & {
  /** The account whose ECR may hold copies; absent: none is at hand. */
  readonly account?: Pick<StrategyContext, "ecrHost" | "rules">;
};

/** What is expected before anything has failed: the limit of pulls without an account. */
export const EXPECTED_LIMIT = {
  kind: "docker-hub-pull-limit",
  limitedAs: "anonymous",
  registry: DOCKER_HUB_HOST,
} as const satisfies Limit;

/** They bring the image into our own ECR, or find it there. */
const OF_OUR_ECR: readonly StrategyName[] = ["ecr-copy", "pull-through-cache", "mirror"];

export function offersOf(
  image: ImageReference,
  limit: Limit,
  { account, ...context }: OffersContext,
): readonly Offer[] {
  return context.policy.strategies.map((strategy) => {
    const no = notApplicableReason(strategy, limit);
    if (no !== undefined) return { strategy, ...no };
    if (account === undefined && OF_OUR_ECR.includes(strategy))
      return {
        strategy,
        code: "no-aws-account",
        because: "no AWS account is at hand, so there is no ECR to pull from",
      };
    const offered = candidatesOf(strategy, image, { ecrHost: "", rules: [], ...account, ...context });
    return "because" in offered ? { strategy, ...offered } : { strategy, candidates: offered };
  });
}
