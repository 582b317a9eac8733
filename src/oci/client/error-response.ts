/**
 * What a registry means by an answer that is not success.
 *
 * The hard one is 429. A quota of hours and a throttle of a second look alike, and only the throttle may be retried: a
 * repeated request against a used-up quota makes it worse for all who share the address.
 */

import { isDockerHubFront, registryOf } from "../../image/registry-hosts.ts";
import type { Clock } from "../../runtime/clock.ts";
import { redact } from "../../text/redact.ts";
import { visible } from "../../text/visible.ts";
import { readBody } from "../http/response-body.ts";
import type { RegistryResponse } from "../http/transport.ts";
import { readDelay, readRateLimit, readRetryAfter } from "./rate-limit.ts";
import { RegistryError, type RegistryErrorKind } from "./registry-error.ts";

/** More of an error is not read. */
export const ERROR_BYTES_MAX = 64 * 1024;
/** Longer than this and a 429 is not a throttle that passes while we wait. */
const THROTTLE_SECONDS_MAX = 30;

/** Reads a refused answer, its body included. */
export async function toRegistryError(
  answer: RegistryResponse,
  context: {
    readonly host: string;
    /** Who said so, where it was not the registry itself but the place that it pointed to. */
    readonly answeredBy?: string;
    /** What was attempted, on what: `GET docker.io/library/nginx manifest 1.25`. */
    readonly attempted: string;
    readonly side: "pull" | "push";
    readonly clock: Pick<Clock, "now">;
    readonly signal?: AbortSignal | undefined;
    /** The caller knows that another try would go better. */
    readonly transient?: boolean;
  },
): Promise<RegistryError> {
  const { host, answeredBy = host, attempted, side, clock } = context;
  const { status, headers } = answer;
  const body = await bodyOf(answer, clock, context.signal);
  const errors = parseErrors(body);
  const words = redactForLog(errors.map(({ code, message }) => `${code}: ${message}`).join("; ") || body);
  const quota = readRateLimit(headers);
  const kind = kindOf(status);
  const retryAfterSeconds = readRetryAfter(headers, clock.now()) ?? delayIn(body, clock.now());
  const short = (retryAfterSeconds ?? 0) <= THROTTLE_SECONDS_MAX;
  const transient =
    context.transient === true ||
    (short &&
      (kind === "unavailable" ||
        (kind === "rate-limited" && isThrottle(host, side, body, quota !== undefined, retryAfterSeconds))));
  const message = `${attempted}: ${answeredBy} answered ${status}${words === "" ? "" : ` ${words}`}`;
  return new RegistryError(message, {
    kind,
    host,
    status,
    transient,
    codes: errors.map(({ code }) => code),
    ...(quota === undefined ? {} : { quota }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Whether a short 429 is a throttle that ends by itself, and not a quota or a limit that cannot be attributed. */
function isThrottle(
  host: string,
  side: "pull" | "push",
  body: string,
  hasQuota: boolean,
  retryAfterSeconds: number | undefined,
): boolean {
  if (hasQuota || /pull rate limit|increase-rate-limit|data limit exceeded/i.test(body)) return false;
  if (retryAfterSeconds !== undefined) return true;
  const registry = registryOf(host).kind;
  if (registry === "ecr" || registry === "ecr-public") return true;
  // A target does not count pulls: its 429 can only mean that we are too fast.
  return side === "push" && !isDockerHubFront(host);
}

function kindOf(status: number): RegistryErrorKind {
  if (status === 429) return "rate-limited";
  if (status === 401) return "unauthorized";
  if (status === 403) return "denied";
  if (status === 404) return "absent";
  if (status === 408 || status >= 500) return "unavailable";
  return "malformed";
}

async function bodyOf(
  answer: RegistryResponse,
  clock: Pick<Clock, "now">,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    const bytes = await readBody(answer, ERROR_BYTES_MAX, clock, signal);
    return bytes === undefined ? "" : new TextDecoder().decode(bytes);
  } catch {
    signal?.throwIfAborted();
    // The status has been said; a body that breaks off takes nothing from it.
    return "";
  }
}

/** `{"errors":[{"code","message"}]}`, or nothing. */
function parseErrors(body: string): readonly { code: string; message: string }[] {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return [];
  }
  const list = (document as { errors?: unknown } | null)?.errors;
  if (!Array.isArray(list)) return [];
  return list.slice(0, 5).map((item: unknown) => {
    const { code, message } = (item ?? {}) as { code?: unknown; message?: unknown };
    return {
      code: typeof code === "string" ? visible(code.toUpperCase(), 60) : "",
      message: typeof message === "string" ? message : "",
    };
  });
}

/** GHCR names its delay in the words alone: `retry-after: 985.86µs, allowed: 44000/minute`. */
function delayIn(body: string, nowMs: number): number | undefined {
  const text = /retry-after: ([0-9a-zµμ.]+)/i.exec(body)?.[1];
  return text === undefined ? undefined : readDelay(text, nowMs);
}

/** More than is ever shown, because a rule of the redactor may shorten the text before it. */
const QUOTED_MAX = 4096;

/** A registry's words, fit for a log: short, one line, redacted. */
export function redactForLog(text: string): string {
  const words = redact(text.slice(0, QUOTED_MAX))
    .replace(/<[^>]{0,200}>/g, " ")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ")
    .trim();
  return words.length > 300 ? `${words.slice(0, 300)}…` : words;
}
