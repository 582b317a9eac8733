/**
 * What the policy of a repository, a secret or a key says of one role: the document alone, without the role's own policies.
 *
 * A denial goes before everything. An account as principal leaves it to the role's own policies, and the root of a key's
 * account is what lets IAM count at all. A condition is not ours to judge. (IAM, reference_policies_evaluation-logic.html,
 * read 2026-11)
 */

import { parseArn } from "../../ecs/arn.ts";
import { fits, isEverybody, type Statement, statementsIn } from "../../network/endpoint-policy.ts";

export type ResourcePolicyAnswer = "allowed" | "denied" | "delegated" | "silent" | "not-sure";

export type Asked = { readonly role: string; readonly action: string; readonly resource: string };

export function askResourcePolicy(policy: string, asked: Asked): ResourcePolicyAnswer {
  const statements = statementsIn(policy);
  if (statements === undefined) return "not-sure";
  const fitting = statements.filter(
    (one) =>
      fits(one, "Action", "NotAction", asked.action, true) &&
      // The policy of a repository names none: it is the repository's own.
      ((one.Resource === undefined && one.NotResource === undefined) ||
        fits(one, "Resource", "NotResource", asked.resource, false)),
  );
  const meant = (effect: string) =>
    fitting
      .filter(({ Effect }) => Effect === effect)
      .map((one) => ({ one, caller: callerIn(one, asked.role) }))
      .filter(({ caller }) => caller !== "other");
  const denials = meant("Deny");
  if (denials.some(({ one, caller }) => caller !== "unclear" && one.Condition === undefined)) return "denied";
  const allowances = meant("Allow").filter(({ one }) => one.Condition === undefined);
  if (denials.length > 0) return "not-sure";
  if (allowances.some(({ caller }) => caller === "role")) return "allowed";
  if (allowances.some(({ caller }) => caller === "account")) return "delegated";
  return meant("Allow").length > 0 ? "not-sure" : "silent";
}

/** Whether a statement applies to the role: by its ARN, for every principal, or by its account. */
function callerIn(
  { Principal, NotPrincipal }: Statement,
  role: string,
): "role" | "account" | "other" | "unclear" {
  if (NotPrincipal !== undefined) return "unclear";
  if (isEverybody(Principal)) return "role";
  if (typeof Principal !== "object" || Principal === null || !("AWS" in Principal)) return "other";
  const named = [Principal.AWS].flat().filter((one) => typeof one === "string");
  const { account = "" } = parseArn(role) ?? {};
  const session = `:assumed-role/${role.slice(role.lastIndexOf("/") + 1)}/`;
  if (named.some((one) => one === role || (one.includes(session) && one.includes(account)))) return "role";
  return named.some((one) => one === account || one.endsWith(`::${account}:root`)) ? "account" : "other";
}
