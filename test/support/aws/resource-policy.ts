/** A resource's policy as IAM judges it for one request, for the operators that the template uses. */

import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";

export type Request = {
  readonly action: string;
  readonly resource: string;
  /** A service's name, or the ARN of a role of this account whose own policy allows everything. */
  readonly by: string;
  readonly context: Readonly<Record<string, string>>;
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html */
export function isAllowed(statements: readonly JsonObject[], request: Request): boolean {
  const applying = statements.filter((statement) => applies(statement, request));
  if (applying.some(({ Effect }) => Effect === "Deny")) return false;
  return request.by.startsWith("arn:") || applying.some(({ Effect }) => Effect === "Allow");
}

function applies(statement: JsonObject, { action, resource, by, context }: Request): boolean {
  const { Principal, Action, Resource, Condition = {} } = statement;
  const isFor = Principal === "*" || (Principal as JsonObject).Service === by;
  const has = (values: Json | undefined, value: string) => [values].flat().includes(value);
  return (
    isFor &&
    has(Action, action) &&
    has(Resource, resource) &&
    Object.entries(Condition as JsonObject).every(([operator, keys]) =>
      Object.entries(keys as JsonObject).every(([key, values]) => holds(operator, context[key], values)),
    )
  );
}

/** A negated operator holds where the key is not there; any other does not. */
function holds(operator: string, value: string | undefined, values: Json): boolean {
  const isOne = value !== undefined && [values].flat().includes(value);
  switch (operator) {
    case "ArnEquals":
    case "StringEquals":
    case "Bool":
      return isOne;
    case "ArnNotEquals":
      return !isOne;
    default:
      assert.fail(`an operator that is not played: ${operator}`);
  }
}
