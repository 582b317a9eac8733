/** A refusal or failure of an AWS API, in six words that the workflow decides on. */

import { PortError, type PortErrorKind } from "../../assessment/ports.ts";

export type AwsErrorKind = PortErrorKind;

export class AwsError extends PortError {
  override readonly name = "AwsError";
  /** `service:Action`, as IAM spells it. */
  readonly action: string;

  constructor(kind: AwsErrorKind, action: string, message: string, options?: ErrorOptions) {
    super(kind, message, options);
    this.action = action;
  }
}

/** Whether asking AWS again may help: it was busy, or not there for a moment. */
export function isTransient({ kind }: Pick<AwsError, "kind">): boolean {
  return kind === "throttled" || kind === "unavailable";
}
