/** The services of which the sandbox plays a small part: identity, roles, and schedules. */

import { getString, getStrings } from "../../../ecs/json-fields.ts";
import { isDeniedTo } from "../../aws/iam-simulator.ts";
import type { Operations } from "../call.ts";

export const sts: Operations = {
  GetCallerIdentity: (_, { world: { home } }) => ({
    Account: home.account,
    Arn: `arn:${home.partition}:iam::${home.account}:user/sandbox`,
    UserId: "AIDASANDBOX",
  }),
};

export const iam: Operations = {
  SimulatePrincipalPolicy(input, { file }) {
    const role = getString(input, "PolicySourceArn") ?? "";
    const results = getStrings(input, "ActionNames").map((action) => ({
      EvalActionName: action,
      EvalResourceName: getStrings(input, "ResourceArns")[0] ?? "*",
      EvalDecision: isDeniedTo(file, role, action) ? "implicitDeny" : "allowed",
    }));
    return { EvaluationResults: { member: results }, IsTruncated: false };
  },
};

export const scheduler: Operations = {
  ListSchedules: (_, { world }) => ({
    Schedules: world.schedules.all
      .filter(({ kind }) => kind === "schedule")
      .map(({ name, target, isEnabled = true }) => ({
        Name: name,
        GroupName: "default",
        State: isEnabled ? "ENABLED" : "DISABLED",
        Target: { Arn: target.Arn ?? "" },
      })),
  }),
};
