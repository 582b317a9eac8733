/** A command does nothing, for a reason that only a person can change: exit status 4. */

export type RefusalCode =
  | "no-stack"
  | "stack-unreadable"
  | "policy-unreadable"
  | "writes-stopped"
  | "observe-mode"
  | "excluded-by-policy"
  | "no-right"
  | "account-unknown"
  | "other-account"
  | "other-region"
  | "rule-has-other-upstream"
  | "rule-has-other-secret"
  | "template-differs"
  | "organization-unread"
  | "role-refused"
  | "old-node";

export class RefusedCommand extends Error {
  override readonly name = "Refused";
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
