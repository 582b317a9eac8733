/** The operator's kill switch, as the remediation reads it. */

import { AwsError } from "./aws-error.ts";

export interface KillSwitch {
  /** Why writes are stopped; undefined while they are allowed. Throws AwsError where it cannot be known. */
  activeReason(): Promise<string | undefined>;
  /** The parameter that it is, where it is one. */
  readonly parameter?: string;
}

/** A write that was not sent, because the kill switch stops all of them. */
export class Stopped extends AwsError {
  readonly parameter: string | undefined;

  constructor(action: string, because: string, parameter: string | undefined) {
    super("denied", action, `${action} was not sent: the kill switch stops every write (${because})`);
    this.parameter = parameter;
  }
}
