/**
 * Docker Hub's limit on all requests of an address, and what a person can do about it.
 *
 * It answers with a bare status, the pull limit with a longer message, a link and its figures.
 * (docs.docker.com/docker-hub/usage, read 2026-11)
 */

import { isDockerHubFront } from "../../image/registry-hosts.ts";
import type { RegistryError } from "../../oci/client/registry-error.ts";

export const ABUSE_ADVICE =
  "This is Docker Hub's limit on all requests of an address, not its pull limit: signing in does not lift it. Send fewer requests from this address, and try again in some minutes.";

/** Whether a refusal is that limit. */
export function isAbuseLimit(refusal: RegistryError | undefined): boolean {
  if (refusal?.kind !== "rate-limited" || !isDockerHubFront(refusal.host)) return false;
  const { quota, codes, message } = refusal;
  return quota === undefined && codes.length === 0 && !/pull rate limit/i.test(message);
}
