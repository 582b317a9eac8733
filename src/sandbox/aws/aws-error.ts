/** A refusal of the sandbox's AWS in the form that the AWS gateways give it: action, error code, words. */

import { AwsError, type AwsErrorKind } from "../../remediation/ports/aws-error.ts";

/** @param code AWS's own, `InvalidParameterException` for example */
export function awsRefusal(kind: AwsErrorKind, action: string, code: string, words: string): AwsError {
  return new AwsError(kind, action, `${action}: ${code}: ${words}`);
}
