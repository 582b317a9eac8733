/** The operator's kill switch, as the remediation reads it. */

export interface KillSwitch {
  /** Why writes are stopped; undefined while they are allowed. Throws AwsError where it cannot be known. */
  activeReason(): Promise<string | undefined>;
  /** The parameter that it is, where it is one. */
  readonly parameter?: string;
}
