/** Until when waiting helps, as far as that is known. */

import type { Limit } from "../applicable-limits.ts";
import type { Remedy } from "./remedy.ts";

/** The end of the limit. @param again what pulls then by itself; absent: ECS, which goes on trying */
export function waitRemedy(
  limit: (Limit & { readonly endsBy?: string }) | undefined,
  again?: string,
): Remedy {
  return {
    code: "wait",
    ...(again === undefined ? {} : { params: { again: `${again} pulls` } }),
    until: untilWhen(limit),
    ...(limit?.endsBy === undefined ? {} : { at: limit.endsBy }),
  };
}

function untilWhen(limit: (Limit & { readonly endsBy?: string }) | undefined): string {
  if (limit?.kind === "docker-hub-abuse-limit")
    return "the abuse limit counts requests by the minute, and ends when fewer come from this address";
  if (limit?.mayBeUpstreams === true)
    return "the cache serves it as soon as its upstream grants pulls again, at Docker Hub within 6 hours";
  if (limit?.kind === "registry-limit")
    return `${limit.registry ?? "the registry"} does not tell how long its limit lasts`;
  return limit?.endsBy === undefined
    ? "a Docker Hub window ends at the latest 6 hours after the limit struck"
    : `the limit ends at the latest at ${limit.endsBy} (a Docker Hub window has 6 hours)`;
}
