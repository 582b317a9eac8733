/**
 * A copy's place under the policy's quota: its share of the bytes of the day.
 *
 * The image itself is who claims, not the execution that copies it: tried again on the same day, it counts once.
 */

import { createHash } from "node:crypto";
import type { Steps } from "../../runtime/steps.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { acquire, formatQuotaExceeded } from "../gates/quotas.ts";

import type { Ports } from "../ports/ports.ts";
import type { QuotaExceeded } from "../ports/quota-exceeded.ts";

export type CopyRejected = {
  readonly kind: "refused";
  readonly because: string;
  /** `copy-stalled`: two invocations in a row brought nothing. */
  readonly code?: "copy-stalled" | "quota-exceeded" | "rate-limited";
  readonly held?: QuotaExceeded;
  readonly limited?: true;
};

/** Another part of an image is another copy: whole, or by its platforms. */
type CopiedImage = {
  readonly target: string;
  readonly digest: string;
  readonly platforms?: readonly string[] | undefined;
};

/** Takes so many bytes of the day; answers what a copy ends with where that is refused. */
export async function acquireCopyQuota(
  amount: number,
  { target, digest, platforms = [] }: CopiedImage,
  { quotas }: Policy,
  ports: Pick<Ports, "quotaStore" | "clock">,
  steps: Steps,
): Promise<CopyRejected | undefined> {
  const claimant = createHash("sha256")
    .update([target, digest, ...platforms].join("\n"))
    .digest("hex")
    .slice(0, 40);
  const held = await steps.step(
    "claim bytesPerDay",
    () => acquire({ quota: "bytesPerDay", requester: claimant, amount }, quotas, ports),
    { attempts: 6 },
  );
  return held === undefined
    ? undefined
    : { kind: "refused", code: "quota-exceeded", because: formatQuotaExceeded(held), held };
}
