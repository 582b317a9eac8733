/**
 * IAM takes so many characters of a role's policies, and a stack that has more is not made: "Maximum policy size of 10240
 * bytes exceeded". The templates at their longest: the names that a StackSet gives, and lists as long as parameters may be.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html (read 2026-11)
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { policiesOf } from "../support/aws/role-statements.ts";
import { readTemplate } from "../support/aws/template.ts";

const INLINE_CHARACTERS_MAX = 10_240;
const MANAGED_CHARACTERS_MAX = 6_144;
const ATTACHED_MAX = 10;
const PARAMETER_CHARACTERS_MAX = 4_096;

/** As many of them as a parameter takes. */
function asManyAsFit(one: string): string {
  return Array.from({ length: Math.floor(PARAMETER_CHARACTERS_MAX / (one.length + 1)) }, () => one).join(",");
}

const STACK = `StackSet-repull-${"0".repeat(36)}`;
const LONGEST = {
  "AWS::Partition": "aws-us-gov",
  "AWS::Region": "us-gov-west-1",
  "AWS::StackName": STACK,
  MainStack: STACK,
  StackName: STACK,
  Mode: "remediate",
  StandaloneTasks: "run",
  Mirrors: "prune",
  Copies: "in-pod",
  Reports: "stack",
  Verify: "true",
  ClusterPattern: "c".repeat(100),
  MirrorPrefix: "m".repeat(80),
  KmsKeyArn: "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/12345678-1234-1234-1234-123456789012",
  SubnetIds: "subnet-0123456789abcdef0",
  SecurityGroupIds: "sg-0123456789abcdef0",
  DockerHubSecretArn: `arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:ecr-pullthroughcache/${"s".repeat(80)}`,
  PolicyParameter: `/${"p".repeat(100)}`,
};
const LISTS = {
  PassableRoleArns: asManyAsFit("arn:aws-us-gov:iam::123456789012:role/services/orders-task"),
  ScheduleRoleArns: asManyAsFit("arn:aws-us-gov:iam::123456789012:role/schedules/orders"),
  ReadableRepositoryArns: asManyAsFit("arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/central/*"),
  NodeRoleArns: asManyAsFit("arn:aws-us-gov:iam::123456789012:role/nodes"),
};

const TEMPLATES = [
  "template.yaml",
  "deployment-hook.yaml",
  "diagnose.yaml",
  "eks-role.yaml",
  "hook.yaml",
  "mirrors.yaml",
  "prefill.yaml",
  "scan-role.yaml",
];

/** What a name of CloudFormation's own making comes to: the stack's, the logical one, and twelve letters. */
const asDeployed = (document: unknown): number =>
  JSON.stringify(document).replace(/"(\w+)\.Arn"/g, (_, name: string) => {
    const made = `${STACK}-${name}-ABCDEFGHIJKL`;
    return `"arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:${made}:*"`;
  }).length;

for (const name of TEMPLATES) {
  const { resources } = readTemplate({ ...LONGEST, ...LISTS }, name);
  const roles = Object.keys(resources).filter((one) => resources[one]?.Type === "AWS::IAM::Role");
  describe(name, () => {
    test("has roles", () => expect(roles).not.toEqual([]));
    for (const role of roles) {
      test(`${role} is one that IAM takes, with the longest names and lists`, () => {
        const { inline, managed } = policiesOf(resources, role);
        const ofItsOwn = inline.reduce((sum, document) => sum + asDeployed(document), 0);
        expect(ofItsOwn).toBeLessThanOrEqual(INLINE_CHARACTERS_MAX);
        for (const document of managed)
          expect(asDeployed(document)).toBeLessThanOrEqual(MANAGED_CHARACTERS_MAX);
        expect(managed.length).toBeLessThanOrEqual(ATTACHED_MAX);
      });
    }
  });
}

// moto keeps a null where CloudFormation leaves a statement out, and refuses a managed policy that has one.
for (const name of TEMPLATES)
  test(`a managed policy of ${name} is there or not as a whole`, () => {
    const text = readFileSync(new URL(`../../infra/${name}`, import.meta.url), "utf8");
    const policies = [...text.matchAll(/^ {4}Type: AWS::IAM::ManagedPolicy\n(?: {4}.*\n|\n)*/gm)];
    expect(policies.filter(([policy]) => policy.includes("!If"))).toEqual([]);
  });
