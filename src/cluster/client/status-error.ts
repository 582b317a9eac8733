/** What a server's refusal means: a Status, as the API has it, or the HTTP status alone. */

import { ClusterError, type ClusterReason } from "../cluster-error.ts";

/**
 * The reasons of a Status that a caller decides on.
 * https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#StatusReason (0.36)
 */
const REASONS: Readonly<Record<string, ClusterReason>> = {
  NotFound: "NotFound",
  AlreadyExists: "AlreadyExists",
  Conflict: "Conflict",
  Forbidden: "Forbidden",
  Unauthorized: "Unauthorized",
  Invalid: "Invalid",
  BadRequest: "BadRequest",
  Expired: "Expired",
  Gone: "Expired",
  TooManyRequests: "TooManyRequests",
  RequestEntityTooLarge: "TooLarge",
  Timeout: "Timeout",
  ServerTimeout: "Timeout",
  InternalError: "ServerError",
  ServiceUnavailable: "ServerError",
};

const STATUSES: Readonly<Record<number, ClusterReason>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotServed",
  409: "Conflict",
  410: "Expired",
  413: "TooLarge",
  422: "Invalid",
  429: "TooManyRequests",
  504: "Timeout",
};

const WORDS_MAX = 1000;

/** @param body the answer's, or a Status that came within a watch */
export function errorOf(status: number, body: string, retryAfter?: string): ClusterError {
  const said = statusIn(body);
  // A path that is not served is answered without a name, or without a Status at all.
  const isObject = said?.details?.name !== undefined;
  const named = said?.reason === "NotFound" && !isObject ? "NotServed" : REASONS[said?.reason ?? ""];
  const reason = named ?? STATUSES[status] ?? (status >= 500 ? "ServerError" : "Other");
  const words = said?.message ?? body.trim();
  const seconds = Number(retryAfter ?? said?.details?.retryAfterSeconds);
  return new ClusterError(status, reason, (words || `HTTP ${status}`).slice(0, WORDS_MAX), {
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  });
}

type Said = {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly name?: string; readonly retryAfterSeconds?: number };
};

function statusIn(body: string): Said | undefined {
  if (!body.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(body);
    return value?.kind === "Status" ? value : undefined;
  } catch {
    return undefined;
  }
}
