/** A refusal of the sandbox's AWS in the form that the AWS gateways give it: action, error code, words. */

import { AwsError, type AwsErrorKind } from "../../../remediation/ports/aws-error.ts";
import type { JsonObject } from "../../../runtime/json.ts";

/** What AWS itself answers: its code is the name, as of an error of the SDK. */
export class ApiError extends Error {
  readonly members: JsonObject;
  /** @param code AWS's own, `InvalidParameterException` for example @param members what else the answer has */
  constructor(code: string, words: string, members: JsonObject = {}) {
    super(words);
    this.name = code;
    this.members = members;
  }
}

/** @param code AWS's own, `InvalidParameterException` for example */
export function awsRefusal(kind: AwsErrorKind, action: string, code: string, words: string): AwsError {
  return new AwsError(kind, action, `${action}: ${code}: ${words}`, { cause: new ApiError(code, words) });
}
