/**
 * Which failures can be cured, and by what: each kind of limit has its own list of strategies.
 *
 * An abuse limit applies to every account; an account's limit applies again to the same account; another registry's limit
 * has nothing to do with Docker Hub. A copy in ECR does not cure a limit of private ECR itself. It cures the limit of an
 * upstream behind ECR's pull-through cache, because a copy and ECR Public do not use the cache.
 */

import { isDockerHubFront, registryOf } from "../image/registry-hosts.ts";
import type { NotApplicableReason } from "./candidate.ts";
import type { StrategyName } from "./strategy-name.ts";

/** What a classified failure says about whose limit was met. */
export type Limit = {
  readonly kind: string;
  readonly limitedAs?: string | undefined;
  readonly registry?: string | undefined;
  /** Of private ECR: it may be the limit of what its pull-through cache asks. */
  readonly mayBeUpstreams?: true | undefined;
};

/** What is said of a limit that no copy cures. */
const OWN_ECR_LIMIT = "a limit of private ECR itself: a copy in ECR would not help";

/** Why nothing can be done about a failure of this kind; undefined: it is a limit that other sources cure. */
export function unsupportedReason({ kind, registry, mayBeUpstreams }: Limit): string | undefined {
  if (kind === "docker-hub-pull-limit" || kind === "docker-hub-abuse-limit") return undefined;
  if (kind !== "registry-limit") return "not a registry's limit";
  if (registry === undefined) return "a limit, but the text does not say whose";
  return registryOf(registry).kind === "ecr" && mayBeUpstreams !== true ? OWN_ECR_LIMIT : undefined;
}

/** Why a strategy is not a cure for this limit; undefined: it may be. */
export function notApplicableReason(
  strategy: StrategyName,
  { kind, limitedAs, registry, mayBeUpstreams }: Limit,
): NotApplicableReason | undefined {
  if (strategy === "pull-through-cache" && mayBeUpstreams === true)
    return { code: "cache-is-limited", because: "the failed pull went through the pull-through cache" };
  if (strategy !== "authenticated-pull") return undefined;
  if (kind === "docker-hub-abuse-limit")
    return { code: "abuse-limit", because: "the abuse limit applies to signed-in clients too" };
  if (kind === "registry-limit")
    return {
      code: "other-registry",
      because: `the limit is ${registry ?? "another registry"}'s, not Docker Hub's`,
    };
  return limitedAs === "account"
    ? { code: "account-already-used", because: "the pull that failed already used an account" }
    : undefined;
}

/** Whether an image would meet the same limit next: it comes from the registry that refused. */
export function sharesLimit(host: string, { kind, registry }: Limit): boolean {
  return kind === "registry-limit" ? host === registry : isDockerHubFront(host);
}
