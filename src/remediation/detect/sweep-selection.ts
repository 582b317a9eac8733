/**
 * Which services a sweep looks at, and in which order. Pure.
 *
 * The walk has no memory. Services form a ring in the order of their ARNs; each sweep begins where the schedule's own
 * time says, as many requests further than the sweep before it.
 */

import { SERVICES_PER_REQUEST } from "../ports/service-reads.ts";

/** Services of one cluster that one request describes. */
export type ServiceChunk = { readonly clusterArn: string; readonly services: readonly string[] };

/** The services of a cluster in chunks of one request each, in the order of their ARNs. */
export function chunksOf(clusterArn: string, services: readonly string[]): readonly ServiceChunk[] {
  const sorted = services.toSorted();
  return Array.from({ length: Math.ceil(sorted.length / SERVICES_PER_REQUEST) }, (_, index) => ({
    clusterArn,
    services: sorted.slice(index * SERVICES_PER_REQUEST, (index + 1) * SERVICES_PER_REQUEST),
  }));
}

/** The whole ring, from the place at which the sweep of this number begins. @param stride chunks that each sweep is sure to describe */
export function ringFrom<T>(chunks: readonly T[], sweepNumber: number, stride: number): readonly T[] {
  const start = chunks.length === 0 ? 0 : (sweepNumber * stride) % chunks.length;
  return [...chunks.slice(start), ...chunks.slice(0, start)];
}
