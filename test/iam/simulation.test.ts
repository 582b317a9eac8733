/** What an answer of IAM's simulator comes to, in the shapes of its documentation, and of answers that were recorded together. */

import { describe, expect, test } from "vitest";
import { judge, simulationOf } from "../../src/iam/simulation.ts";
import type { JsonObject } from "../../src/runtime/json.ts";

const ROLE = "arn:aws:iam::123456789012:role/web-execution";
const OTHER = "arn:aws:iam::123456789012:role/web-task";
const RESOURCE = "arn:aws:ecr:us-east-1:123456789012:repository/web";
const question = {
  role: ROLE,
  actions: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
  resource: RESOURCE,
};

const result = (EvalActionName: string, EvalDecision: string, more: JsonObject = {}): JsonObject => ({
  EvalActionName,
  EvalDecision,
  ...more,
});
const get = (decision: string, more: JsonObject = {}) => result("ecr:BatchGetImage", decision, more);
const layer = result("ecr:GetDownloadUrlForLayer", "allowed");
const refused = { kind: "refused", action: "ecr:BatchGetImage", isExplicit: false };

describe("an answer of IAM's simulator", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, results: readonly JsonObject[], judged: JsonObject])[] = [
    ["allows where each action is allowed",                        [get("allowed"), layer],                                        { kind: "allowed" }],
    ["refuses what no policy allows",                              [get("implicitDeny"), layer],                                   refused],
    ["refuses by a statement, and names its policy",               [get("explicitDeny", { MatchedStatements: [{ SourcePolicyId: "no-pulls" }] }), layer], { ...refused, isExplicit: true, statementOf: "no-pulls" }],
    ["refuses by the organization",                                [get("implicitDeny", { OrganizationsDecisionDetail: { AllowedByOrganizations: false } }), layer], { ...refused, by: "service control policy" }],
    ["refuses by the boundary",                                    [get("implicitDeny", { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } }), layer], { ...refused, by: "permissions boundary" }],
    ["refuses by the boundary of the resource's own result",       [get("implicitDeny", { ResourceSpecificResults: [{ EvalResourceName: RESOURCE, EvalResourceDecision: "implicitDeny", PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } }] }), layer], { ...refused, by: "permissions boundary" }],
    ["proves nothing where an action is not judged",               [get("allowed")],                                               { kind: "unknown", because: "IAM does not judge ecr:GetDownloadUrlForLayer" }],
    ["refuses where one action is denied and another not judged",  [get("implicitDeny")],                                          refused],
    ["proves nothing where a condition's key was not given",       [get("implicitDeny", { MissingContextValues: ["aws:SourceVpce"] }), layer], { kind: "unknown", context: ["aws:SourceVpce"] }],
    ["proves nothing where the key is missing with the resource",  [get("implicitDeny", { ResourceSpecificResults: [{ EvalResourceName: RESOURCE, EvalResourceDecision: "implicitDeny", MissingContextValues: ["aws:SourceVpce"] }] }), layer], { kind: "unknown", context: ["aws:SourceVpce"] }],
    ["refuses by a statement whatever key is missing",             [get("explicitDeny", { MissingContextValues: ["aws:SourceVpce"] }), layer], { ...refused, isExplicit: true }],
    ["takes the resource's own decision before the action's",      [get("allowed", { ResourceSpecificResults: [{ EvalResourceName: RESOURCE, EvalResourceDecision: "implicitDeny" }] }), layer], refused],
    ["takes a pattern for the only resource",                      [get("implicitDeny", { EvalResourceName: "arn:aws:ecr:*:*:repository/*" }), layer], refused],
    ["passes over what is about another resource",                 [get("implicitDeny", { EvalResourceName: `${RESOURCE}-other` }), get("allowed", { EvalResourceName: RESOURCE }), layer], { kind: "allowed" }],
    ["passes over what is about another role",                     [get("implicitDeny", { PolicySourceArn: OTHER }), get("allowed", { PolicySourceArn: ROLE }), layer], { kind: "allowed" }],
    ["proves nothing where it is about another resource alone",    [get("implicitDeny", { EvalResourceName: `${RESOURCE}-other` })], { kind: "unknown" }],
  ];
  for (const [what, EvaluationResults, judged] of table)
    test(what, () => {
      expect(judge({ EvaluationResults: [...EvaluationResults] }, question)).toMatchObject(judged);
    });
});

test("a question names the resource, and what the request itself would say", () => {
  expect(simulationOf({ ...question, context: { "kms:ViaService": "x" } })).toEqual({
    PolicySourceArn: ROLE,
    ActionNames: question.actions,
    ResourceArns: [RESOURCE],
    ContextEntries: [{ ContextKeyName: "kms:ViaService", ContextKeyType: "string", ContextKeyValues: ["x"] }],
  });
});
