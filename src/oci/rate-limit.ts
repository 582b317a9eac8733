/**
 * What a registry says of its limits, in the headers of every answer.
 *
 * Docker Hub counts manifests in a window of hours and says so (`ratelimit-*`); others only say when to come
 * back, in seconds, as a date, as an epoch, or in Go's spelling of a duration.
 */

/** What a registry says of a quota: Docker Hub's `ratelimit-*` headers. Absent headers mean that no limit applies. */
export type Quota = {
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds?: number;
  /** `docker-ratelimit-source`: the address or account that is counted. */
  readonly source?: string;
};

type Headers = Readonly<Record<string, string>>;

/** The quota that an answer names, if it names one. https://docs.docker.com/docker-hub/usage/pulls/ (read 2026-11) */
export function readQuota(headers: Headers): Quota | undefined {
  const limit = readCount(headers["ratelimit-limit"]);
  const remaining = readCount(headers["ratelimit-remaining"]);
  if (limit === undefined && remaining === undefined) return undefined;
  const windowSeconds = limit?.windowSeconds ?? remaining?.windowSeconds;
  const source = headers["docker-ratelimit-source"];
  return {
    limit: limit?.count ?? remaining?.count ?? 0,
    remaining: remaining?.count ?? limit?.count ?? 0,
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(source === undefined ? {} : { source: source.slice(0, 200) }),
  };
}

/** `100;w=21600`. */
function readCount(text: string | undefined): { count: number; windowSeconds?: number } | undefined {
  const match = /^\s*(?<count>[0-9]{1,15})\s*(?:[;,]|$)/.exec(text ?? "");
  if (match?.groups === undefined) return undefined;
  const window = /;\s*w=(?<seconds>[0-9]{1,15})/.exec(text ?? "")?.groups?.seconds;
  const count = Number(match.groups.count);
  return window === undefined ? { count } : { count, windowSeconds: Number(window) };
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
