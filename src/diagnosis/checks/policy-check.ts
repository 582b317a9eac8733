/** What a resource's own policy says, as a check: a denial is proof, and silence is not. */

import type { CauseCode, Params } from "../causes.ts";
import { failed, passed, type StartCheck } from "./check.ts";
import type { ResourcePolicyAnswer } from "./resource-policy.ts";

/** @param said undefined: the resource has no policy of its own */
export function policyCheck(
  id: string,
  policy: string,
  said: ResourcePolicyAnswer | undefined,
  code: CauseCode,
  params: Params,
): StartCheck {
  switch (said) {
    case undefined:
      return passed(id, `${policy} is not there: the role's own policies decide`);
    case "denied":
      return failed(
        id,
        `${policy} denies ${params.action ?? "it"} to ${params.role ?? "the role"}`,
        code,
        params,
      );
    case "not-sure":
      return { id, result: "not sure", because: `${policy} speaks of the role under conditions` };
    case "allowed":
      return passed(id, `${policy} allows it to ${params.role ?? "the role"}`);
    case "delegated":
    case "silent":
      return passed(id, `${policy} denies the role nothing`);
  }
}
