/** What the policy leaves out: clusters, services and images, each with what would include it. */

import type { Service } from "../../ecs/service/service.ts";
import { familiarName, type ImageReference } from "../../image/reference.ts";
import { excludedBy, matchesGlob, matchesImage } from "../../substitution/glob.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { includeWorkload } from "../report/remedies-of-refusal.ts";
import type { NotEligible } from "./types.ts";

/** A service that the policy leaves out is not touched, whatever has failed. */
export function serviceExcluded({ name, clusterArn }: Service, policy: Policy): NotEligible | undefined {
  const because = excludedBy(policy.scope.services, "services", (pattern) => matchesGlob(pattern, name));
  const remedy = includeWorkload("services", policy.scope.services, name);
  return (
    clusterExcluded(clusterArn, policy) ??
    (because === undefined ? undefined : excludedByPolicy(`the service ${name}`, because, remedy))
  );
}

export function clusterExcluded(
  clusterArn: string,
  { scope: { clusters } }: Policy,
): NotEligible | undefined {
  const cluster = clusterArn.slice(clusterArn.lastIndexOf("/") + 1);
  const because = excludedBy(clusters, "clusters", (pattern) => matchesGlob(pattern, cluster));
  const remedy = includeWorkload("clusters", clusters, cluster);
  return because === undefined ? undefined : excludedByPolicy(formatCluster(clusterArn), because, remedy);
}

export function imageExcluded(
  image: string,
  reference: ImageReference,
  { scope: { images } }: Policy,
): NotEligible | undefined {
  const matches = (pattern: string): boolean => matchesImage(pattern, reference);
  const because = excludedBy(images, "images", matches);
  const { tag: _, digest: __, ...name } = reference;
  const remedy = includeWorkload("images", images, familiarName(name), matches);
  return because === undefined ? undefined : excludedByPolicy(`the image ${image}`, because, remedy);
}

export function formatCluster(clusterArn: string): string {
  return `the cluster ${clusterArn.slice(clusterArn.lastIndexOf("/") + 1)}`;
}

function excludedByPolicy(what: string, because: string, remedy: Remedy): NotEligible {
  const told = `${what} is skipped: ${because}`;
  return { kind: "not-eligible", reason: "excluded-by-policy", because: told, remedies: [remedy] };
}
