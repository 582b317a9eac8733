/** A refusal or failure of an AWS API, in six words that the workflow decides on. */

export type AwsErrorKind = "throttled" | "denied" | "absent" | "conflict" | "invalid" | "unavailable";

export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly kind: AwsErrorKind;
  /** `service:Action`, as IAM spells it. */
  readonly action: string;

  constructor(kind: AwsErrorKind, action: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.action = action;
  }
}

const DEPTH_MAX = 5;

/** The AWS failure behind an error: who we are at a registry, AWS says, and a registry's client only passes it on. */
export function findAwsError(error: unknown): AwsError | undefined {
  let inner = error;
  for (let depth = 0; depth < DEPTH_MAX && inner instanceof Error; depth++) {
    if (inner instanceof AwsError) return inner;
    inner = inner.cause;
  }
  return undefined;
}

/** Whether asking AWS again may help: it was busy, or not there for a moment. */
export function isTransient({ kind }: Pick<AwsError, "kind">): boolean {
  return kind === "throttled" || kind === "unavailable";
}
