/** What the operator can do about what the tasks lack in addition to the bytes. */

import type { Check } from "../candidate.ts";
import type { RejectedCandidate } from "../plan-types.ts";
import type { Remedy } from "./remedy.ts";
import { updateRuleCommand } from "./rule-command.ts";

export function remediesOfChecks({ candidate, code, checks = [] }: RejectedCandidate): readonly Remedy[] {
  const unchecked: readonly Remedy[] =
    code === "secret-unchecked"
      ? [
          {
            code: "accept-unchecked-secret",
            setting: { key: "registries.allowUnverifiedSecretAccess", value: true },
          },
        ]
      : [];
  const failed = checks.filter(({ result }) => result === "failed");
  return [
    ...failed.flatMap((check) => remediesOfFailed(check, candidate.pullThroughRule?.rule)),
    ...unchecked,
  ];
}

function remediesOfFailed(check: Check, rule: string | undefined): readonly Remedy[] {
  const { what, because, lacks } = check;
  const params = { because };
  const allowed = lacks === undefined ? { until: because } : { command: allowCommand(lacks) };
  switch (what) {
    case "role":
      return [
        check.code === "no-execution-role"
          ? { code: "name-execution-role", setting: { key: "executionRole", value: "ROLE_ARN" } }
          : { code: "allow-role", params, ...allowed },
      ];
    case "secret":
      return [{ code: "mend-secret", params, ...allowed }];
    case "network":
      return [{ code: "open-network", params, until: "the tasks' subnets lead there" }];
    case "rule":
      return [
        {
          code: "mend-rule",
          params,
          command: updateRuleCommand(rule ?? "RULE_PREFIX"),
        },
      ];
    default:
      return [];
  }
}

/** An inline policy of its own for each right, so that none takes the place of another. */
function allowCommand({ role, actions, resource }: NonNullable<Check["lacks"]>): string[] {
  const name = `repull-${(actions[0] ?? "").replace(/[^A-Za-z0-9]+/g, "-")}`;
  const statement = { Effect: "Allow", Action: [...actions], Resource: resource };
  return [
    ...["aws", "iam", "put-role-policy", "--role-name", role, "--policy-name", name],
    ...["--policy-document", JSON.stringify({ Version: "2012-10-17", Statement: [statement] })],
  ];
}
