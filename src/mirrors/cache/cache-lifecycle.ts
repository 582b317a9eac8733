/**
 * The lifecycle policy of a cache's repositories, from what the policy says of it. It deletes by the age of an image alone, so it is for a
 * cache, which fetches again what is missing, and never for copies.
 *
 * ECR can only archive what is not pulled, and an archived image cannot be pulled either, so no rule goes by pulls.
 * (AmazonECR/latest/userguide/{lifecycle_policy_parameters,archive_restore_image}.html, read 2026-11)
 */

import { ecrRegistryOf, type PrivateEcr } from "../../image/ecr-hosts.ts";
import type { Policy } from "../../substitution/policy/policy-in-force.ts";

export type CacheLifecycle = NonNullable<Policy["mirrors"]["cacheLifecycle"]>;

/** As ECR takes it. */
export function lifecycleOf({ untaggedDays, pushedDays }: CacheLifecycle): string {
  // A rule for any tag has to be the last one.
  const rules = [
    ...(untaggedDays === undefined ? [] : [expiry(1, "untagged", untaggedDays)]),
    ...(pushedDays === undefined ? [] : [expiry(2, "any", pushedDays)]),
  ];
  return JSON.stringify({ rules });
}

function expiry(rulePriority: number, tagStatus: "untagged" | "any", countNumber: number) {
  return {
    rulePriority,
    description: `Repull: ${tagStatus === "any" ? "all images" : "images without a tag"} ${countNumber} days after their push`,
    selection: { tagStatus, countType: "sinceImagePushed", countUnit: "days", countNumber },
    action: { type: "expire" },
  };
}

/**
 * The pattern of the policy's `mirrors.additionalRepositories` whose copies would be below the cache's prefix, or it below theirs.
 *
 * @param host this account's registry: a pattern of another one is not met
 */
export function patternAt(prefix: string, patterns: readonly string[], host: string): string | undefined {
  return patterns.find((pattern) => {
    const [first = ""] = pattern.split("/", 1);
    const registry = ecrRegistryOf(first);
    // One registry has four hosts: by FIPS or not, by IPv6 or not.
    if (registry !== undefined && !isSameRegistry(registry, ecrRegistryOf(host))) return false;
    const name = registry === undefined ? pattern : pattern.slice(first.length + 1);
    const fixed = name.slice(0, name.indexOf("{"));
    return `${prefix}/`.startsWith(fixed) || fixed.startsWith(`${prefix}/`);
  });
}

function isSameRegistry(one: PrivateEcr, other: PrivateEcr | undefined): boolean {
  return one.account === other?.account && one.region === other.region;
}
