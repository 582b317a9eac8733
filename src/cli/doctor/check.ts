/**
 * One look at one thing: passed, failed with a remedy, or not made and why.
 *
 * A right that the caller lacks is not a fault of the stack, so the check is skipped; what is absent from the stack fails it.
 */

import type { ReadResult } from "../../aws/stack/deployed-stack.ts";
import type { AwsError } from "../../remediation/ports/aws-error.ts";

export type Check = {
  readonly check: string;
  readonly result: "passed" | "failed" | "not checked";
  readonly because: string;
  readonly remedy?: string;
};

export function passed(check: string, because: string): Check {
  return { check, result: "passed", because };
}

export function failed(check: string, because: string, remedy: string): Check {
  return { check, result: "failed", because, remedy };
}

export function skipped(check: string, because: string, remedy?: string): Check {
  return { check, result: "not checked", because, ...(remedy === undefined ? {} : { remedy }) };
}

/** The check of a part that could not be read. */
export function unread(
  check: string,
  { error }: Extract<ReadResult<unknown>, { kind: "unread" }>,
  remedy = "deploy the stack again",
): Check {
  return error.kind === "absent" ? failed(check, error.message, remedy) : refused(check, error);
}

/** The check of what AWS did not answer: only a missing permission has a remedy. */
export function refused(check: string, { kind, message, action }: AwsError): Check {
  return skipped(check, message, kind === "denied" ? `allow yourself ${action}` : undefined);
}

/** `web:42, web:43 and 7 others`. */
export function listed(names: readonly string[], namesMax = 3): string {
  const shown = names.slice(0, namesMax).join(", ");
  const others = names.length - namesMax;
  return others > 0 ? `${shown} and ${others} other${others === 1 ? "" : "s"}` : shown;
}
