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
