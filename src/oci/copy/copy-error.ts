/** A copy that did not happen: on which side, over which blob or manifest, and what that means for the caller. */

import type { Digest } from "../../image/digest.ts";
import { visible } from "../../text/visible.ts";
import type { RateLimit } from "../client/rate-limit.ts";
import { RegistryError, type RegistryErrorKind } from "../client/registry-error.ts";

export type CopyErrorKind =
  | RegistryErrorKind
  /** The source's bytes are not the ones that it names. */
  | "mismatch"
  /** A form of image that is not copied, such as schema 1. */
  | "unsupported"
  | "platform-absent"
  /** The image has several builds of Windows, and which of them is wanted is not said. */
  | "platform-ambiguous"
  /** The target's tag resolves to another digest and cannot be moved. */
  | "tag-taken"
  | "aborted";

export type CopySide = "source" | "target";

export type CopyErrorFields = {
  readonly kind: CopyErrorKind;
  readonly side: CopySide;
  /** The blob or manifest that it happened to. */
  readonly digest?: Digest;
};

export class CopyError extends Error {
  override readonly name = "CopyError";
  readonly kind: CopyErrorKind;
  readonly side: CopySide;
  readonly digest: Digest | undefined;

  constructor(message: string, fields: CopyErrorFields, options?: ErrorOptions) {
    super(visible(message), options);
    this.kind = fields.kind;
    this.side = fields.side;
    this.digest = fields.digest;
  }

  /** The registry's own refusal, where one is behind it. */
  get refusal(): RegistryError | undefined {
    return this.cause instanceof RegistryError ? this.cause : undefined;
  }

  /** What the limit is, where a limit is what stopped the copy. */
  get quota(): RateLimit | undefined {
    return this.refusal?.quota;
  }

  get retryAfterSeconds(): number | undefined {
    return this.refusal?.retryAfterSeconds;
  }
}

/** Runs one question to one side; what the registry refuses comes out as CopyError with the side's name on it. */
export async function withSide<T>(side: CopySide, digest: Digest | undefined, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof RegistryError ? toCopyError(side, digest, error) : error;
  }
}

/** A registry's refusal, as the copy sees it. */
export function toCopyError(side: CopySide, digest: Digest | undefined, error: RegistryError): CopyError {
  return new CopyError(
    `${side}: ${error.message}`,
    { kind: error.kind, side, ...(digest === undefined ? {} : { digest }) },
    { cause: error },
  );
}
