/**
 * The stack's pull-through cache rule, next to a rule that is there already: a registry has one rule for a prefix, and a stack
 * that asks for another is not made. AWS's console proposes the prefix "docker-hub", and so does `repull mirrors cache create`.
 */

import { describe, expect, test } from "vitest";
import { type Name, statementsOf } from "../support/aws/role-statements.ts";
import { readTemplate } from "../support/aws/template.ts";

const STACK = {
  Mode: "remediate",
  DockerHubSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub",
};
const THERE = "arn:aws:ecr:us-east-1:123456789012:repository/docker-hub/*";

const prefixesOf = (values: Readonly<Record<string, string>>) =>
  Object.values(readTemplate({ ...STACK, ...values }).resources)
    .filter(({ Type }) => Type === "AWS::ECR::PullThroughCacheRule")
    .map(({ Properties }) => (Properties as { EcrRepositoryPrefix?: string }).EcrRepositoryPrefix);

const resourcesOf = (name: Name, action: string, values: Readonly<Record<string, string>>) =>
  statementsOf(name, { ...STACK, ...values })
    .filter(({ actions }) => actions.includes(action))
    .flatMap(({ resources }) => resources);

describe("a stack with a Docker Hub account for a cache", () => {
  test("makes a rule under ECR's usual prefix", () => expect(prefixesOf({})).toEqual(["docker-hub"]));

  test("makes a rule under another prefix, and may read and fill that cache alone", () => {
    const values = { DockerHubCachePrefix: "hub-two" };
    expect(prefixesOf(values)).toEqual(["hub-two"]);
    const repositories = "arn:aws:ecr:us-east-1:123456789012:repository/hub-two/*";
    expect(resourcesOf("mirror", "ecr:BatchImportUpstreamImage", values)).toEqual([repositories]);
    for (const name of ["remediate", "mirror"] as const) {
      const read = resourcesOf(name, "ecr:BatchGetImage", values);
      expect(read).toContain(repositories);
      expect(read).not.toContain(THERE);
    }
  });

  test("makes no rule where one is there, and reads and fills its cache by ReadableRepositoryArns", () => {
    const values = { DockerHubCachePrefix: "", ReadableRepositoryArns: THERE };
    expect(prefixesOf(values)).toEqual([]);
    expect(resourcesOf("mirror", "ecr:BatchImportUpstreamImage", values)).toEqual([THERE]);
    expect(resourcesOf("remediate", "ecr:BatchGetImage", values)).toContain(THERE);
    expect(resourcesOf("remediate", "secretsmanager:GetSecretValue", values)).toEqual([
      STACK.DockerHubSecretArn,
    ]);
  });
});

// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html (read 2026-11)
// biome-ignore format: a table is read by its columns
const PREFIXES = [
  ["docker-hub",          true],
  ["platform/docker-hub", true],
  ["",                    true],
  ["a",                   false],
  ["Docker-Hub",          false],
  ["docker-hub/",         false],
  ["d".repeat(31),        false],
] as const;

for (const [prefix, isTaken] of PREFIXES)
  test(`the prefix ${JSON.stringify(prefix)} of the cache is ${isTaken ? "taken" : "refused before anything is made"}`, () => {
    const { AllowedPattern } = readTemplate().parameters.DockerHubCachePrefix ?? {};
    expect(new RegExp(String(AllowedPattern)).test(prefix)).toBe(isTaken);
  });
