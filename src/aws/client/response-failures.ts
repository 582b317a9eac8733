/** ECS answers some calls with `failures` next to the results: MISSING is an answer, anything else is a refusal. */

import { getObjects, getString } from "../../ecs/json-fields.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { JsonObject } from "../../runtime/json.ts";

/** Throws AwsError for the first failure that is not MISSING. */
export function judgeFailures(action: string, answer: JsonObject): void {
  for (const failure of getObjects(answer, "failures")) {
    const reason = getString(failure, "reason") ?? "no reason";
    if (reason === "MISSING") continue;
    const detail = getString(failure, "detail") ?? getString(failure, "arn") ?? "";
    throw new AwsError(
      /denied/i.test(reason) ? "denied" : "unavailable",
      action,
      `${action}: ${reason} ${detail}`,
    );
  }
}
