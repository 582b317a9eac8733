/** Until when waiting helps, as far as that is known. */

import { formatMoment } from "../../text/format-moment.ts";
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
    return "the abuse limit counts requests by the minute, and ends when this address sends fewer";
  if (limit?.mayBeUpstreams === true)
    return "the cache serves it when its upstream grants pulls again (Docker Hub: within 6 hours)";
  if (limit?.kind === "registry-limit")
    return `${limit.registry ?? "the registry"} does not say how long its limit lasts`;
  return limit?.endsBy === undefined
    ? "Docker Hub's limit resets at the latest 6 hours after it was reached"
    : `Docker Hub's limit resets at the latest at ${formatMoment(limit.endsBy)} (6 hours)`;
}
