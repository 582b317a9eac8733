/** The role by which an organisation's accounts are scanned: what it may read, and who may be it. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SCAN_ACTIONS, VERIFY_ACTIONS } from "../../src/cli/scan/scan-permissions.ts";
import { getObject, getObjects, getStrings } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { readTemplate } from "../support/aws/template.ts";

const PRINCIPAL = "arn:aws:iam::111111111111:role/auditor";
const ALL = { PolicyParameter: "/repull/policy", Verify: "true" };

function roleWith(values: Readonly<Record<string, string>> = {}): JsonObject {
  const { resources } = readTemplate({ PrincipalArn: PRINCIPAL, ...values }, "scan-role.yaml");
  return (resources.ScanRole?.Properties ?? {}) as JsonObject;
}

function statementsOf(role: JsonObject): readonly JsonObject[] {
  const [policy = {}] = getObjects(role, "Policies");
  return getObjects(getObject(policy, "PolicyDocument") ?? {}, "Statement");
}

const actionsOf = (statement: JsonObject): readonly string[] =>
  typeof statement.Action === "string" ? [statement.Action] : getStrings(statement, "Action");
const actionsWith = (values: Readonly<Record<string, string>>) =>
  statementsOf(roleWith(values)).flatMap(actionsOf).toSorted();
const trustOf = (role: JsonObject) =>
  getObjects(getObject(role, "AssumeRolePolicyDocument") ?? {}, "Statement");

describe("the role of a scan of an organisation", () => {
  // GetCallerIdentity needs no permission; the account of Docker Hub is a secret, which this role does not read.
  const without = (actions: readonly string[], ...left: readonly string[]) =>
    actions.filter((action) => !left.includes(action));

  // biome-ignore format: a table is read by its columns
  for (const [what, values, actions] of [
    ["a scan needs, with the stack and its policy", { PolicyParameter: "/repull/policy" }, without(SCAN_ACTIONS, "sts:GetCallerIdentity")],
    ["a scan needs without the stack",              { Stack: "false" },                    without(SCAN_ACTIONS, "sts:GetCallerIdentity", "ssm:GetParameter", "lambda:ListFunctions", "lambda:ListTags", "lambda:GetFunctionConfiguration")],
    ["--verify needs too",                          ALL,                                   [...without(SCAN_ACTIONS, "sts:GetCallerIdentity"), ...without(VERIFY_ACTIONS, "secretsmanager:GetSecretValue")]],
  ] as const)
    test(`may do what ${what}, and nothing else`, () => {
      expect(actionsWith(values)).toEqual(actions.toSorted());
    });

  test("only reads", () => {
    const READS = /:(?:Batch)?(?:Check|Describe|Get|List|Validate)/;
    expect(actionsWith(ALL).filter((action) => !READS.test(action))).toEqual([]);
  });

  test("reads no parameter but the policy's, and no function's settings but the stack's", () => {
    const resourceOf = (sid: string) => statementsOf(roleWith(ALL)).find(({ Sid }) => Sid === sid)?.Resource;
    expect(resourceOf("ReadThePolicyDocument")).toBe("arn:aws:ssm:*:123456789012:parameter/repull/policy");
    for (const resource of [resourceOf("ReadTheStack")].flat())
      expect(resource).toMatch(/^arn:aws:lambda:\*:123456789012:function:\*-remediate(?::\*)?$/);
  });

  // biome-ignore format: a table is read by its columns
  for (const [what, values, condition] of [
    ["is trusted to the principal alone",              {},                                                     undefined],
    ["wants the external id",                          { ExternalId: "team-7" },                               { "sts:ExternalId": "team-7" }],
    ["wants a caller of the organisation",             { OrganizationId: "o-abcdefghij" },                     { "aws:PrincipalOrgID": "o-abcdefghij" }],
    ["wants both, where both are named",               { ExternalId: "team-7", OrganizationId: "o-abcdefghij" }, { "sts:ExternalId": "team-7", "aws:PrincipalOrgID": "o-abcdefghij" }],
  ] as const)
    test(what, () => {
      expect(trustOf(roleWith(values))).toEqual([
        {
          Effect: "Allow", Principal: { AWS: PRINCIPAL }, Action: "sts:AssumeRole",
          ...(condition === undefined ? {} : { Condition: { StringEquals: condition } }),
        },
      ]);
    });

  // biome-ignore format: a table is read by its columns
  for (const [principal, isTaken] of [
    [PRINCIPAL,                                                                                        true],
    ["arn:aws:iam::111111111111:root",                                                                 true],
    ["arn:aws-cn:iam::111111111111:user/ops/ann",                                                      true],
    ["arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Audit_1", true],
    ["*",                                                                                              false],
    ["111111111111",                                                                                   false],
    ["arn:aws:iam::*:root",                                                                            false],
  ] as const)
    test(`${isTaken ? "takes" : "refuses"} ${principal} as the principal`, () => {
      const { parameters } = readTemplate({}, "scan-role.yaml");
      expect(new RegExp(String(parameters.PrincipalArn?.AllowedPattern)).test(principal)).toBe(isTaken);
    });

  test("has the name that the command assumes by default", () => {
    const command = readFileSync(new URL("../../src/cli/scan/scan-organization.ts", import.meta.url), "utf8");
    expect(command).toContain(`ROLE_NAME = "${roleWith().RoleName}"`);
  });

  test("is made by the example for Terraform from this template, with parameters that it has", () => {
    const example = readFileSync(
      new URL("../../infra/terraform/examples/organization/main.tf", import.meta.url),
      "utf8",
    );
    const [, block = ""] = /parameters = \{([^}]*)\}/.exec(example) ?? [];
    const named = [...block.matchAll(/(\w+)\s+= /g)].map(([, name = ""]) => name);
    const { parameters } = readTemplate({}, "scan-role.yaml");
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !Object.hasOwn(parameters, name))).toEqual([]);
    expect(example).toContain("../../../scan-role.yaml");
  });
});
