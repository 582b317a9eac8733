/** What was read of Docker Hub's limits, and the arithmetic on it. */

import type { RateLimit } from "../../oci/client/rate-limit.ts";

/** What Docker Hub says of one who pulls. */
export type RateLimitStatus = {
  readonly who: "address" | "account";
  /** The account's name, where the login has it. */
  readonly user?: string;
} & (
  | { readonly kind: "limited"; readonly quota: RateLimit }
  | { readonly kind: "unlimited" }
  | { readonly kind: "refused" | "unreachable"; readonly because: string; readonly status: number }
);

/** Docker names the window as six hours; an answer that names another is believed. */
export const WINDOW_SECONDS_DEFAULT = 6 * 60 * 60;

/** How many of these pulls are not left; undefined where that is not known. */
export function lackingPulls({ remaining }: RateLimit, pulls: number): number | undefined {
  return remaining === undefined ? undefined : Math.max(0, pulls - remaining);
}
