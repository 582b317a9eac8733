/** What a HEAD reports about a place: the digest, whether it is an index, and what its registry says of its limits. */

import type { ImageReference } from "../../image/reference.ts";
import { isIndexType } from "../../oci/client/media-types.ts";
import { formatPulls, type RateLimit } from "../../oci/client/rate-limit.ts";
import type { ManifestHead } from "../../oci/client/types.ts";
import type { Found, ProbeResult } from "../../substitution/candidate.ts";

export function found({ digest, mediaType, quota }: ManifestHead): Found {
  return {
    kind: "found",
    digest,
    isIndex: isIndexType(mediaType),
    ...(quota === undefined
      ? {}
      : { quota: formatRateLimit(quota), pullsLeft: quota.remaining ?? "unknown" }),
  };
}

/** `87 of 100 pulls in 6 hours are left to 198.51.100.20`. */
export function formatRateLimit(quota: RateLimit): string {
  const { windowSeconds, source } = quota;
  const hours = windowSeconds === undefined ? "" : ` in ${Math.round(windowSeconds / 3600)} hours`;
  return `${formatPulls(quota)} left${hours}${source === undefined ? "" : `, counted for ${source}`}`;
}

/** A source with nothing left is not asked again: its HEAD says so for free. */
export function limited({ quota }: ManifestHead, place: ImageReference): ProbeResult | undefined {
  if (quota?.remaining !== 0) return undefined;
  return {
    kind: "rate-limited",
    because: `${place.host} has no pulls left for Repull (${formatRateLimit(quota)})`,
  };
}
