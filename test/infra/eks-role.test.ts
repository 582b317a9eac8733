/** What the role of a cluster's controller may do, and who may be it. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { isObject } from "../../src/ecs/json-fields.ts";
import type { Json, JsonObject } from "../../src/runtime/json.ts";
import { policiesOf } from "../support/aws/role-statements.ts";
import { readTemplate } from "../support/aws/template.ts";

const CLUSTER = { ClusterName: "blue" };
const EVERYTHING = {
  ...CLUSTER,
  ReadableRepositoryArns: "arn:aws:ecr:us-east-1:123456789012:repository/docker-hub/*",
  NodeRoleArns: "arn:aws:iam::123456789012:role/nodes",
};
const PROVIDER = "oidc.eks.us-east-1.amazonaws.com/id/ABC";

function roleWith(values: Readonly<Record<string, string>>): JsonObject {
  return (readTemplate(values, "eks-role.yaml").resources.ControllerRole?.Properties ?? {}) as JsonObject;
}

const objectsIn = (value: Json | undefined) => (Array.isArray(value) ? value.filter(isObject) : []);

function statementsWith(values: Readonly<Record<string, string>>): readonly JsonObject[] {
  const { inline, managed } = policiesOf(readTemplate(values, "eks-role.yaml").resources, "ControllerRole");
  return [...inline, ...managed].flatMap(({ Statement }) => objectsIn(Statement));
}

const actionsOf = (values: Readonly<Record<string, string>>) =>
  statementsWith(values).flatMap(({ Action }) => Action as string | readonly string[]);

describe("the role of a cluster's controller", () => {
  const READS = /^\w+:(?:Get|Describe|BatchGet|Simulate)/;
  const writesOf = (values: Readonly<Record<string, string>>) =>
    actionsOf({ ...EVERYTHING, ...values }).filter((action) => !READS.test(action));

  test("only reads and publishes outcomes while it observes, with each value of Copies", () => {
    for (const Copies of ["none", "stack", "in-pod"]) deepEqual(writesOf({ Copies }), ["events:PutEvents"]);
  });

  test("writes nothing more where it remediates without copies", () => {
    deepEqual(writesOf({ Mode: "remediate" }), ["events:PutEvents"]);
  });

  test("starts the stack's copies and counts in its table, and has no write right in ECR then", () => {
    const values = { ...EVERYTHING, Mode: "remediate", Copies: "stack", StackName: "pulls" };
    deepEqual(writesOf(values), [
      "events:PutEvents",
      "lambda:InvokeFunction",
      "lambda:ListDurableExecutionsByFunction",
      "dynamodb:UpdateItem",
    ]);
    const bySid = (sid: string) => statementsWith(values).find(({ Sid }) => Sid === sid);
    const [start, quotas] = [bySid("StartCopies"), bySid("CountUnderTheQuotas")];
    equal(start?.Resource, "arn:aws:lambda:us-east-1:123456789012:function:pulls-mirror:live");
    equal(quotas?.Resource, "arn:aws:dynamodb:us-east-1:123456789012:table/pulls-QuotaTable-*");
  });

  test("writes copies under the prefix alone where the pod copies, and none without a prefix", () => {
    const values = { ...EVERYTHING, Mode: "remediate", Copies: "in-pod" };
    const writes = statementsWith(values).filter(({ Sid }) => Sid === "WriteCopies" || Sid === "FillCaches");
    deepEqual(
      writes.map(({ Resource }) => Resource),
      ["arn:aws:ecr:us-east-1:123456789012:repository/repull/*", [EVERYTHING.ReadableRepositoryArns]],
    );
    deepEqual(writesOf({ ...values, MirrorPrefix: "" }), ["events:PutEvents"]);
  });

  test("reports the images in use under its own cluster's ARN alone, and only where it is asked to", () => {
    const values = { ...EVERYTHING, Reports: "stack", StackName: "pulls" };
    deepEqual(writesOf({ Reports: "stack" }), ["events:PutEvents", "dynamodb:PutItem"]);
    const [report] = statementsWith(values).filter(({ Sid }) => Sid === "ReportImagesInUse");
    equal(report?.Resource, "arn:aws:dynamodb:us-east-1:123456789012:table/pulls-cluster-reports");
    deepEqual(report?.Condition, {
      "ForAllValues:StringEquals": {
        "dynamodb:LeadingKeys": ["arn:aws:eks:us-east-1:123456789012:cluster/blue"],
      },
      Null: { "dynamodb:LeadingKeys": "false" },
    });
  });

  test("asks whether the stack's function refreshes copies, and nothing of another function", () => {
    const asked = (values: Readonly<Record<string, string>>) =>
      statementsWith(values).filter(({ Sid }) => Sid === "LeaveTheRefreshToTheFunction");
    deepEqual(
      asked({ ...CLUSTER, StackName: "pulls" }).map(({ Action, Resource }) => [Action, Resource]),
      [
        [
          "lambda:GetFunctionConfiguration",
          "arn:aws:lambda:us-east-1:123456789012:function:pulls-refresh:live",
        ],
      ],
    );
    deepEqual(asked({ ...CLUSTER, MirrorPrefix: "" }), []);
  });

  test("names its resources wherever AWS has one to name", () => {
    const wide = statementsWith(EVERYTHING).filter(({ Resource }) => Resource === "*");
    deepEqual(
      wide.map(({ Sid }) => Sid),
      ["SignInToEcr", "FindPullThroughRules"],
    );
  });
});

describe("who may be it", () => {
  test("by Pod Identity: the account repull of its namespace, in this cluster, and it is associated", () => {
    const { resources } = readTemplate({ ...CLUSTER, Namespace: "pulls" }, "eks-role.yaml");
    const [statement] = objectsIn(
      (roleWith({ ...CLUSTER, Namespace: "pulls" }).AssumeRolePolicyDocument as JsonObject).Statement,
    );
    deepEqual(statement?.Condition, {
      StringEquals: {
        "aws:SourceAccount": "123456789012",
        "aws:RequestTag/kubernetes-namespace": "pulls",
        "aws:RequestTag/kubernetes-service-account": "repull",
      },
      ArnEquals: { "aws:SourceArn": "arn:aws:eks:us-east-1:123456789012:cluster/blue" },
    });
    equal((resources.Association?.Properties as JsonObject | undefined)?.ServiceAccount, "repull");
  });

  test("by IRSA: the account repull of its namespace, by the cluster's provider, and nothing is associated", () => {
    const values = { ...CLUSTER, OidcProvider: PROVIDER };
    const [statement] = JSON.parse(String(roleWith(values).AssumeRolePolicyDocument)).Statement;
    deepEqual(statement, {
      Effect: "Allow",
      Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${PROVIDER}` },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: {
          [`${PROVIDER}:aud`]: "sts.amazonaws.com",
          [`${PROVIDER}:sub`]: "system:serviceaccount:repull:repull",
        },
      },
    });
    equal(readTemplate(values, "eks-role.yaml").resources.Association, undefined);
  });
});

// biome-ignore format: a table is read by its columns
const PROVIDERS = [
  [PROVIDER,                                          true],
  ["oidc.eks.us-gov-west-1.amazonaws.com/id/ABC",     true],
  ["oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC",     true],
  ["oidc.eks.eusc-de-east-1.amazonaws.eu/id/ABC",     true],
  ["https://oidc.eks.us-east-1.amazonaws.com/id/ABC", false],
  ["oidc.eks.us-east-1.amazonaws.com.evil.io/id/ABC", false],
] as const;

for (const [provider, isTaken] of PROVIDERS)
  test(`the OIDC provider ${provider} is ${isTaken ? "taken" : "refused"}`, () => {
    const { AllowedPattern } = readTemplate(CLUSTER, "eks-role.yaml").parameters.OidcProvider ?? {};
    equal(new RegExp(String(AllowedPattern)).test(provider), isTaken);
  });
