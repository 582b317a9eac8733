/**
 * What a registry says of its limits, in the headers of every answer.
 *
 * Docker Hub counts manifests in a window of hours and says so (`ratelimit-*`); others only say when to come
 * back, in seconds, as a date, as an epoch, or in Go's spelling of a duration.
 */

import { visible } from "../../text/visible.ts";

/**
 * What a registry says of a quota: Docker Hub's `ratelimit-*` headers. Where neither is there, no limit applies; a number
 * that is absent here is not known, and no number may be put in its place.
 */
export type RateLimit = {
  readonly limit?: number;
  readonly remaining?: number;
  readonly windowSeconds?: number;
  /** `docker-ratelimit-source`: the address or account that is counted. */
  readonly source?: string;
};

type Headers = Readonly<Record<string, string>>;

/** The quota that an answer names, if it names one. https://docs.docker.com/docker-hub/usage/pulls/ (read 2026-11) */
export function readRateLimit(headers: Headers): RateLimit | undefined {
  const {
    "ratelimit-limit": limits,
    "ratelimit-remaining": left,
    "docker-ratelimit-source": source,
  } = headers;
  if (limits === undefined && left === undefined) return undefined;
  const [limit, remaining] = [readCount(limits), readCount(left)];
  const windowSeconds = readWindow(limits) ?? readWindow(left);
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(remaining === undefined ? {} : { remaining }),
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(source === undefined ? {} : { source: visible(source, 200) }),
  };
}

/** `37 of 100 pulls`, or that it is not known how many. */
export function formatPulls({ limit, remaining }: RateLimit): string {
  return `${remaining ?? "an unknown number"} of ${limit ?? "an unknown number of"} pulls`;
}

/** `100;w=21600`. */
function readCount(text = ""): number | undefined {
  const count = /^\s*(?<count>[0-9]{1,15})\s*(?:[;,]|$)/.exec(text)?.groups?.count;
  return count === undefined ? undefined : Number(count);
}

function readWindow(text = ""): number | undefined {
  const seconds = /;\s*w=(?<seconds>[0-9]{1,15})/.exec(text)?.groups?.seconds;
  return seconds === undefined ? undefined : Number(seconds);
}

/** Above this a number is a moment, not a delay: 2001 in seconds since the epoch, or thirty years of waiting. */
const EPOCH_SECONDS_MIN = 1e9;
const EPOCH_MILLISECONDS_MIN = 1e12;

const DURATION_SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Seconds to wait, from `retry-after`: a delay, a date, an epoch, or `880.092µs` (seen at GHCR). */
export function readRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const text = headers["retry-after"];
  return text === undefined ? undefined : readDelay(text, nowMs);
}

/** The same of any text that names a delay. */
export function readDelay(text: string, nowMs: number): number | undefined {
  // Node reads headers as Latin-1: a UTF-8 µ arrives as two characters, of which the first is noise.
  const trimmed = text.trim().replace(/Â|Î/g, "").replace(/¼s/g, "µs");
  if (trimmed === "" || trimmed.length > 100) return undefined;
  if (/^[0-9]+(?:\.[0-9]+)?$/.test(trimmed)) {
    const number = Number(trimmed);
    if (number >= EPOCH_MILLISECONDS_MIN) return Math.max(0, (number - nowMs) / 1000);
    if (number >= EPOCH_SECONDS_MIN) return Math.max(0, number - nowMs / 1000);
    return number;
  }
  const duration = readDuration(trimmed);
  if (duration !== undefined) return duration;
  // Only the HTTP date, not whatever Date.parse would make of a number with a sign.
  const at = /^[A-Z][a-z]{2}/.test(trimmed) ? Date.parse(trimmed) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, (at - nowMs) / 1000);
}

/** Go's spelling: `1m30s`, `880.092µs`. */
function readDuration(text: string): number | undefined {
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/([0-9.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    seconds += Number(number) * (DURATION_SECONDS[unit ?? ""] ?? 0);
  }
  return seconds;
}
