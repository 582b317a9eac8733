/** What Docker Hub's limits mean, said to a person. */

import { formatPulls, type RateLimit } from "../../oci/client/rate-limit.ts";
import { EXIT } from "../exit-status.ts";
import { ABUSE_ADVICE } from "../output/abuse-advice.ts";
import { lackingPulls, type RateLimitStatus, WINDOW_SECONDS_DEFAULT } from "./rate-limit-status.ts";

/** A paragraph for each who pulls; times are UTC. */
export function formatRateLimits(
  readings: readonly RateLimitStatus[],
  pulls: number | undefined,
  measuredAt: Date,
): string {
  const account = readings.some(({ who }) => who === "account");
  const paragraphs = readings.map((reading) => {
    const lines = [`${nameOf(reading)}: ${stateOf(reading, measuredAt)}`];
    if (pulls !== undefined && reading.kind === "limited") lines.push(`  ${meaning(reading.quota, pulls)}`);
    return lines.join("\n");
  });
  if (readings.some((reading) => reading.kind === "refused" && reading.status === EXIT.rateLimited)) {
    // A HEAD is not a pull, so what refuses it without a figure counts every request.
    paragraphs.push(ABUSE_ADVICE);
  } else if (!account) {
    paragraphs.push(
      "No account is configured. docker login brings a limit of its own, apart from the address.",
    );
  }
  return `${paragraphs.join("\n")}\n`;
}

function nameOf({ who, user, ...reading }: RateLimitStatus): string {
  const source = "quota" in reading ? reading.quota.source : undefined;
  if (who === "address") {
    return `Docker Hub without a login, from this address${source === undefined ? "" : ` (${source})`}`;
  }
  return user === undefined ? "Docker Hub with the account of docker login" : `Docker Hub as ${user}`;
}

function stateOf(reading: RateLimitStatus, measuredAt: Date): string {
  if (reading.kind === "unlimited") return "no limit was named.";
  if (reading.kind !== "limited") return `the limit could not be read: ${reading.because}`;
  const { remaining, limit, windowSeconds = WINDOW_SECONDS_DEFAULT } = reading.quota;
  const window = hours(windowSeconds);
  const all = `${formatPulls(reading.quota)} are left, in a period of ${window}`;
  // Docker Hub names no moment: what is used up now has left the window when the window has passed.
  return remaining !== undefined && remaining === limit
    ? `${all}.`
    : `${all}; all are back at the latest ${window} after ${atUtc(measuredAt)}.`;
}

function meaning(quota: RateLimit, pulls: number): string {
  const lacking = lackingPulls(quota, pulls);
  const { remaining, limit } = quota;
  if (lacking === undefined || remaining === undefined)
    return `Whether ${pulls} pulls fit is not known: Docker Hub's answer does not say how many are left.`;
  if (lacking === 0) return `${pulls} pulls fit, and leave ${remaining - pulls}.`;
  if (limit !== undefined && pulls > limit)
    return `${pulls} pulls never fit into one period: ${lacking} of them would be refused now.`;
  return `${pulls} pulls do not fit now: ${lacking} of them would be refused until older ones no longer count.`;
}

function hours(seconds: number): string {
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : `${Math.ceil(seconds / 60)} min`;
}

function atUtc(moment: Date): string {
  return `${moment.toISOString().slice(11, 16)} UTC`;
}
