/**
 * A copy's place under the policy's quota: its share of the bytes of the day.
 *
 * The image itself is who claims, not the execution that copies it: tried again on the same day, it counts once.
 */

import { createHash } from "node:crypto";
import type { Steps } from "../../runtime/steps.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { acquire, formatQuotaExceeded, quotaLimit } from "../gates/quotas.ts";
import type { Ports } from "../ports/ports.ts";
import type { QuotaExceeded } from "../ports/quota-exceeded.ts";

export type CopyRejected = {
  readonly kind: "refused";
  readonly because: string;
  /** `copy-stalled`: two invocations in a row brought nothing. */
  readonly code?:
    | "copy-stalled"
    | "quota-exceeded"
    | "rate-limited"
    /** Of a copy ahead: the policy does not want it, or what it would use is healing's, or may be. */
    | "prefill-off"
    | "reserved-for-healing"
    | "pulls-unknown";
  readonly held?: QuotaExceeded;
  readonly limited?: true;
};

/** Of `quotas.bytesPerDay`, what copies ahead may use up: the rest is for those that a failed pull needs. */
const SHARE_OF_BYTES = 0.5;

/** Another part of an image is another copy: whole, or by its platforms. */
type CopiedImage = {
  readonly target: string;
  readonly digest: string;
  readonly platforms?: readonly string[] | undefined;
  /** Nothing needs it yet. */
  readonly ahead?: boolean;
};

/** Takes so many bytes of the day; answers what a copy ends with where that is refused. */
export async function acquireCopyQuota(
  amount: number,
  image: CopiedImage,
  { quotas }: Policy,
  ports: Pick<Ports, "quotaStore" | "clock">,
  steps: Steps,
): Promise<CopyRejected | undefined> {
  const share = image.ahead === true ? { share: SHARE_OF_BYTES } : {};
  const held = await steps.step(
    "claim bytesPerDay",
    () => acquire({ quota: "bytesPerDay", requester: claimantOf(image), amount, ...share }, quotas, ports),
    { attempts: 6 },
  );
  if (held === undefined) return undefined;
  const because = formatQuotaExceeded(held);
  // No remediation waits for it.
  if (image.ahead === true) return { kind: "refused", code: "reserved-for-healing", because };
  return { kind: "refused", code: "quota-exceeded", because, held };
}

/**
 * Refuses a copy ahead whose share of the day is gone, before a manifest of it is pulled. It takes nothing: more than the whole
 * quota is never granted, and the refusal says what is used.
 */
export async function rejectAheadWithoutBytes(
  claimant: string,
  { quotas }: Pick<Policy, "quotas">,
  ports: Pick<Ports, "quotaStore" | "clock">,
  steps: Steps,
): Promise<CopyRejected | undefined> {
  const tooMuch = quotaLimit(quotas, "bytesPerDay") + 1;
  const look = { quota: "bytesPerDay", requester: claimant, share: SHARE_OF_BYTES } as const;
  const told = await steps.step("bytes left", () => acquire({ ...look, amount: tooMuch }, quotas, ports), {
    attempts: 6,
  });
  if (told === undefined || told.used < told.max) return undefined;
  const because = formatQuotaExceeded({ ...told, amount: 1 });
  return { kind: "refused", code: "reserved-for-healing", because };
}

/** Who claims for an image, whichever execution copies it. */
export function claimantOf({ target, digest, platforms = [] }: CopiedImage): string {
  return createHash("sha256")
    .update([target, digest, ...platforms].join("\n"))
    .digest("hex")
    .slice(0, 40);
}
