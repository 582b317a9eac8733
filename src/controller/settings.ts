/** What the policy says of a cluster, in the shapes in which it is used. */

import type { UseScope } from "../kubernetes/index/images-in-use.ts";
import type { Policy } from "../substitution/policy/policy.ts";

export function useScopeOf({ scope, imageMappings }: Pick<Policy, "scope" | "imageMappings">): UseScope {
  const { namespaces, images, owners } = scope;
  return { namespaces, images, owners, mapped: imageMappings.map(({ image }) => image) };
}

/** `30m` or `6h`, in milliseconds. */
export function durationMs(text: string): number {
  const amount = Number(text.slice(0, -1));
  return amount * (text.endsWith("h") ? 3_600_000 : 60_000);
}
