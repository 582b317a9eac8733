/** The services of which the sandbox plays a part: identity, the bus, roles, and functions, of which there are none. */

import { getObject, getObjects, getString, getStrings } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { isDeniedTo } from "../../aws/iam-simulator.ts";
import type { Account, Operations } from "../call.ts";

export const sts: Operations = {
  GetCallerIdentity: (_, { world: { home } }) => ({
    Account: home.account,
    Arn: `arn:${home.partition}:iam::${home.account}:user/sandbox`,
    UserId: "AIDASANDBOX",
  }),
};

export const events: Operations = {
  PutEvents(input, { world }) {
    const entries = getObjects(input, "Entries").map((entry) => published(entry, world));
    return {
      FailedEntryCount: entries.filter(({ ErrorCode }) => ErrorCode !== undefined).length,
      Entries: entries,
    };
  },

  ListEventBuses: (_, { world: { home } }) => ({
    EventBuses: [
      {
        Name: "default",
        Arn: `arn:${home.partition}:events:${home.region}:${home.account}:event-bus/default`,
      },
    ],
  }),

  ListRules: (_, { world }) => ({
    Rules: rulesOf(world.schedules.all).map(({ name, expression, isEnabled = true }) => ({
      Name: name,
      State: isEnabled ? "ENABLED" : "DISABLED",
      ...(expression === undefined ? {} : { ScheduleExpression: expression }),
    })),
  }),

  ListRuleNamesByTarget: (input, { world }) => ({
    RuleNames: rulesOf(world.schedules.all)
      .filter(({ target }) => target.Arn === getString(input, "TargetArn"))
      .map(({ name }) => name),
  }),

  ListTargetsByRule: (input, { world }) => ({
    Targets: rulesOf(world.schedules.all)
      .filter(({ name }) => name === getString(input, "Rule"))
      .map(({ target }) => target),
  }),
};

function rulesOf<T extends { readonly kind: string }>(all: readonly T[]): readonly T[] {
  return all.filter(({ kind }) => kind === "rule");
}

function published(entry: JsonObject, { bus }: Account["world"]): JsonObject {
  const source = getString(entry, "Source");
  const type = getString(entry, "DetailType");
  let detail: JsonObject | undefined;
  try {
    detail = getObject({ detail: JSON.parse(getString(entry, "Detail") ?? "") }, "detail");
  } catch {
    detail = undefined;
  }
  if (detail === undefined) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  if (source === undefined || type === undefined)
    return { ErrorCode: "InvalidArgument", ErrorMessage: "Parameter Source or DetailType is not valid." };
  if (source.startsWith("aws."))
    return { ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source." };
  return { EventId: bus.emit({ source, type, resources: getStrings(entry, "Resources"), detail }) };
}

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
