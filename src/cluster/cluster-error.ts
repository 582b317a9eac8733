/** A refusal of an API server, or that it could not be asked. */

/** What the server says (`reason` of a Status), or what became of the request. */
export type ClusterReason =
  /** No such object. `get` answers undefined instead. */
  | "NotFound"
  /** The server does not have this kind at all: its definition is not installed, or the server is too old for it. */
  | "NotServed"
  | "AlreadyExists"
  /** Another client wrote in between: read again. */
  | "Conflict"
  | "Forbidden"
  | "Unauthorized"
  /** The object, or the patch of it, does not hold; also a patch whose `test` does not. */
  | "Invalid"
  | "BadRequest"
  /** The version that was asked for is gone (410): list again. `follow` does so by itself. */
  | "Expired"
  | "TooManyRequests"
  /** The object is too large for the server (413), or the answer for us. */
  | "TooLarge"
  /** No answer in time, or the server says so (504). */
  | "Timeout"
  /** No connection, or one that broke; a certificate that does not hold. */
  | "Unreachable"
  /** The server's own fault (5xx), or an answer that cannot be read. */
  | "ServerError"
  /** Anything else. */
  | "Other";

export class ClusterError extends Error {
  override readonly name = "ClusterError";
  /** HTTP's; 0 where there was no answer. */
  readonly status: number;
  readonly reason: ClusterReason;
  /** Seconds that the server asks to wait (`Retry-After`). */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    reason: ClusterReason,
    message: string,
    options?: ErrorOptions & { readonly retryAfterSeconds?: number },
  ) {
    super(message, options);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}

/** Whether asking again may help. */
export function isTransient({ reason }: Pick<ClusterError, "reason">): boolean {
  return (
    reason === "Timeout" ||
    reason === "Unreachable" ||
    reason === "ServerError" ||
    reason === "TooManyRequests"
  );
}
