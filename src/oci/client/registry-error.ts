/**
 * What a registry's refusal means, in six words that callers decide on.
 *
 * A 429 of a quota surfaces at once, with its numbers: only a workflow may decide to wait hours.
 */

import { visible } from "../../text/visible.ts";
import type { RateLimit } from "./rate-limit.ts";

export type RegistryErrorKind =
  | "rate-limited"
  | "unauthorized"
  | "denied"
  /** Our own policy does not let the registry be asked, or not at the address that it has. */
  | "not-allowed"
  | "absent"
  | "malformed"
  | "unavailable";

export type RegistryErrorFields = {
  readonly kind: RegistryErrorKind;
  /** The registry's host, as the reference names it. */
  readonly host: string;
  readonly status?: number;
  readonly quota?: RateLimit;
  readonly retryAfterSeconds?: number;
  /** The distribution specification's own codes in the body, in upper case: `MANIFEST_UNKNOWN`, `TAG_INVALID`. */
  readonly codes?: readonly string[];
  /** Worth another try within seconds: a transient failure, or a throttle by the second. */
  readonly transient?: boolean;
  /** It said nothing: within the time that its question had, because there was no time to ask it, or because it may not be asked now. */
  readonly unanswered?: Unanswered;
};

export type Unanswered = "no-answer" | "no-time" | "not-asked";

export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly kind: RegistryErrorKind;
  readonly host: string;
  readonly status: number | undefined;
  readonly quota: RateLimit | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly codes: readonly string[];
  readonly transient: boolean;
  readonly unanswered: Unanswered | undefined;

  /** @param message what was attempted, on what, and what came back; without tokens, queries or passwords */
  constructor(message: string, fields: RegistryErrorFields, options?: ErrorOptions) {
    super(visible(message), options);
    this.kind = fields.kind;
    this.host = fields.host;
    this.status = fields.status;
    this.quota = fields.quota;
    this.retryAfterSeconds = fields.retryAfterSeconds;
    this.codes = fields.codes ?? [];
    this.transient = fields.transient ?? false;
    this.unanswered = fields.unanswered;
  }
}
