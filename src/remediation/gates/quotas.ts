/**
 * The policy's quotas: so many remediations in an hour and so many bytes in a day, and not more, whatever storms or goes wrong.
 *
 * Periods are those of the clock in UTC, so that everyone knows when the next one opens. What is used is counted in
 * one table with conditional writes (docs/decisions/quotas.md); where that cannot be read, nothing is granted.
 */

import { CLAIMS_MAX } from "../../substitution/policy/limits.ts";
import { type Policy, parseSize } from "../../substitution/policy/policy-in-force.ts";
import type { Remedy } from "../../substitution/remedies/remedy.ts";
import { formatMoment } from "../../text/format-moment.ts";
import type { Ports } from "../ports/ports.ts";
import type { QuotaExceeded } from "../ports/quota-exceeded.ts";
import type { QuotaPeriod } from "../ports/quota-store.ts";

export type Quotas = Policy["quotas"];
export type QuotaName = keyof Quotas;

const HOUR_MS = 3_600_000;

/** The window of a quota at this moment. */
export function quotaPeriod(cap: QuotaName, now: number): QuotaPeriod {
  const length = cap === "remediationsPerHour" ? HOUR_MS : 24 * HOUR_MS;
  const begins = Math.floor(now / length) * length;
  const moment = new Date(begins).toISOString().slice(0, cap === "remediationsPerHour" ? 13 : 10);
  return { name: `${cap} ${moment}`, endsAt: begins + length };
}

/** A quota as a number: bytes, or how many. */
export function quotaLimit(limits: Quotas, cap: QuotaName): number {
  return cap === "bytesPerDay" ? parseSize(limits.bytesPerDay) : limits[cap];
}

/**
 * What one cluster may take of the hour: half, rounded up, so that the storm of one team leaves some to the others.
 * All of it where the policy is for one cluster alone. Undefined: no share of its own is counted.
 */
function shareOf(limits: Quotas, { include }: Policy["scope"]["clusters"]): number | undefined {
  const [only = "*", ...others] = include;
  const isOneAlone = others.length === 0 && !only.includes("*");
  const share = Math.ceil(limits.remediationsPerHour / 2);
  return isOneAlone || share === limits.remediationsPerHour ? undefined : share;
}

/** Takes a place in the hour: of the cluster's share first, because what waits there must not take the others' places. */
export async function acquireRemediation(
  { claimant, cluster }: { readonly claimant: string; readonly cluster: string },
  limits: Quotas,
  clusters: Policy["scope"]["clusters"],
  ports: Pick<Ports, "quotaStore" | "clock">,
): Promise<QuotaExceeded | undefined> {
  const cap = "remediationsPerHour";
  const share = shareOf(limits, clusters);
  if (share !== undefined) {
    const whole = quotaPeriod(cap, ports.clock.now());
    const window = { ...whole, name: `${whole.name} ${cluster}` };
    const answer = await ports.quotaStore.acquire({
      period: window,
      requester: claimant,
      amount: 1,
      max: share,
    });
    if (answer.kind === "reached")
      return {
        quota: cap,
        window: window.name,
        max: share,
        cluster,
        used: answer.used,
        amount: 1,
        opensAt: window.endsAt,
      };
  }
  return await acquire({ quota: cap, requester: claimant }, limits, ports);
}

export type AcquireRequest = {
  readonly quota: QuotaName;
  readonly requester: string;
  readonly amount?: number;
  /** How much of the quota may be used up by such claims; absent: all. */
  readonly share?: number;
};

/** Takes what a claim asks for; undefined where it was granted. */
export async function acquire(
  { quota, requester, amount = 1, share = 1 }: AcquireRequest,
  limits: Quotas,
  { quotaStore, clock }: Pick<Ports, "quotaStore" | "clock">,
): Promise<QuotaExceeded | undefined> {
  const window = quotaPeriod(quota, clock.now());
  const max = Math.floor(quotaLimit(limits, quota) * share);
  const answer = await quotaStore.acquire({ period: window, requester, amount, max });
  if (answer.kind === "granted") return undefined;
  return { quota, window: window.name, max, used: answer.used, amount, opensAt: window.endsAt };
}

/** Whether it is still exceeded: its period is not over, and the quota was not raised. */
export function isStillExceeded(held: QuotaExceeded, limits: Quotas, now: number): boolean {
  return quotaLimit(limits, held.quota) <= held.max && (now < held.opensAt || exceedsEntireQuota(held));
}

/** More than the whole quota: no window is large enough for it. */
export function exceedsEntireQuota({ amount, max }: QuotaExceeded): boolean {
  return amount > max;
}

/** What the operator can do about it: let this one through, too. A cluster has half of the hour. */
export function remedyFor({ quota, cluster, used, amount }: QuotaExceeded): Remedy {
  const wanted = used + amount;
  const value =
    quota === "bytesPerDay"
      ? sizeOf(wanted)
      : Math.min(CLAIMS_MAX, cluster === undefined ? wanted : 2 * wanted);
  return {
    code: "raise-quota",
    ...(cluster === undefined ? {} : { params: { cluster } }),
    setting: { key: `quotas.${quota}`, value },
  };
}

/** `the quota of 50 remediations per hour (quotas.remediationsPerHour) is reached: 50 are used until 2026-01-20 11:00 UTC`. */
export function formatQuotaExceeded(held: QuotaExceeded): string {
  const until = ` until ${formatMoment(held.opensAt)}`;
  if (held.quota !== "bytesPerDay") return `${formatQuota(held)}: ${held.used} are used${until}`;
  const used = formatUsed(held, until);
  return used === undefined ? formatQuota(held) : `${formatQuota(held)}: ${used}`;
}

/** How many bytes are used, and how many the image has; undefined: another quota, or the image alone is larger than it. */
export function formatUsed(held: QuotaExceeded, until = ""): string | undefined {
  if (held.quota !== "bytesPerDay" || exceedsEntireQuota(held)) return undefined;
  return `${size(held.used)} are used${until}, and this image has ${size(held.amount)}`;
}

/** Which quota is reached. */
export function formatQuota(held: QuotaExceeded): string {
  const { quota, max, amount, cluster } = held;
  if (quota === "bytesPerDay") {
    return exceedsEntireQuota(held)
      ? `the image has ${size(amount)}, more than the whole quota of ${size(max)} copied per day (quotas.bytesPerDay)`
      : `the quota of ${size(max)} copied per day (quotas.bytesPerDay) is reached`;
  }
  if (cluster !== undefined)
    return `the share of the cluster ${cluster}, ${max} remediations per hour (half of quotas.remediationsPerHour), is reached`;
  return `the quota of ${max} remediations per hour (quotas.remediationsPerHour) is reached`;
}

/** A size as the policy takes it: six digits at most. */
function sizeOf(bytes: number): string {
  return bytes < 1e12 ? `${Math.ceil(bytes / 1e6)}MB` : `${Math.ceil(bytes / 1e9)}GB`;
}

function size(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${Number((bytes / unit).toPrecision(3))} ${name}`;
}
