/**
 * The owner's caps: so many remediations in an hour and so many bytes in a day, and not more, whatever storms or goes wrong.
 *
 * Windows are those of the clock in UTC, so that everybody can tell when the next one opens. What is used is counted in
 * one table with conditional writes (docs/decisions/caps.md); where that cannot be read, nothing is granted.
 */

import * as z from "zod";
import { bytesIn, type Policy } from "../substitution/policy.ts";
import type { CapWindow } from "./caps-port.ts";
import type { Ports } from "./ports.ts";

export type CapLimits = Policy["caps"];
export type CapName = keyof CapLimits;

export const heldSchema = z.object({
  cap: z.enum(["remediationsPerHour", "bytesPerDay"]),
  window: z.string(),
  /** The cap as it was then: a raised one is worth asking again. */
  max: z.number(),
  used: z.number(),
  amount: z.number(),
  /** When the next window opens, in milliseconds since the epoch. */
  opensAt: z.number(),
});

/** A cap that is reached, and until when it holds. */
export type Held = z.infer<typeof heldSchema>;

const HOUR_MS = 3_600_000;

/** The window of a cap at this moment. */
export function windowOf(cap: CapName, now: number): CapWindow {
  const length = cap === "remediationsPerHour" ? HOUR_MS : 24 * HOUR_MS;
  const begins = Math.floor(now / length) * length;
  const moment = new Date(begins).toISOString().slice(0, cap === "remediationsPerHour" ? 13 : 10);
  return { name: `${cap} ${moment}`, endsAt: begins + length };
}

/** A cap as a number: bytes, or how many. */
export function maxOf(limits: CapLimits, cap: CapName): number {
  return cap === "bytesPerDay" ? bytesIn(limits.bytesPerDay) : limits[cap];
}

export type Claim = {
  readonly cap: CapName;
  readonly claimant: string;
  readonly amount?: number;
};

/** Takes what a claim asks for; undefined where it was granted. */
export async function claim(
  { cap, claimant, amount = 1 }: Claim,
  limits: CapLimits,
  { caps, clock }: Pick<Ports, "caps" | "clock">,
): Promise<Held | undefined> {
  const window = windowOf(cap, clock.now());
  const max = maxOf(limits, cap);
  const answer = await caps.claim({ window, claimant, amount, max });
  if (answer.kind === "granted") return undefined;
  return { cap, window: window.name, max, used: answer.used, amount, opensAt: window.endsAt };
}

/** Whether it still holds: its window is not over, and nobody has raised the cap. */
export function stillHolds(held: Held, limits: CapLimits, now: number): boolean {
  return maxOf(limits, held.cap) <= held.max && (now < held.opensAt || isTooLarge(held));
}

/** More than the whole cap: no window is large enough for it. */
export function isTooLarge({ amount, max }: Held): boolean {
  return amount > max;
}

/** What the owner can do about it. */
export function remedyFor({ cap }: Held): string {
  return `to let more through, raise caps.${cap} in the policy document (docs/policy.md): what waits sees it within half an hour`;
}

/** `the cap of 50 remediations per hour (caps.remediationsPerHour) is reached: 50 are used until 2026-01-20 11:00 UTC`. */
export function heldInWords(held: Held): string {
  const { cap, max, used, amount, opensAt } = held;
  const until = `until ${new Date(opensAt).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  if (cap === "bytesPerDay" && isTooLarge(held)) {
    return `the image has ${gigabytes(amount)}, more than the whole cap of ${gigabytes(max)} copied per day (caps.bytesPerDay)`;
  }
  if (cap === "bytesPerDay") {
    return `the cap of ${gigabytes(max)} copied per day (caps.bytesPerDay) is reached: ${gigabytes(used)} are used ${until}, and this image has ${gigabytes(amount)}`;
  }
  return `the cap of ${max} remediations per hour (caps.remediationsPerHour) is reached: ${used} are used ${until}`;
}

function gigabytes(bytes: number): string {
  return `${Number((bytes / 1e9).toPrecision(3))} GB`;
}
