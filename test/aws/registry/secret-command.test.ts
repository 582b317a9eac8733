/** The one command that makes the account's secret: what it makes has to serve ECS, ECR's cache and Repull. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { credentialsIn } from "../../../src/aws/registry/docker-hub-secret.ts";
import { policyFrom } from "../../../src/substitution/policy/policy.ts";
import { readTemplate } from "../../support/aws/template.ts";

const COMMAND = /create-secret --name (?<name>\S+) \\\n\s+--secret-string '(?<text>[^']+)'/;

for (const page of ["README.md", "docs/policy.md"]) {
  describe(`the secret of ${page}`, () => {
    const written = readFileSync(new URL(`../../../${page}`, import.meta.url), "utf8");
    const { name = "", text = "{}" } = COMMAND.exec(written)?.groups ?? {};
    const arn = `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-a1B2c3`;
    const secret = JSON.parse(text) as Record<string, string>;

    test("serves ECS's repositoryCredentials, which read username and password", () => {
      expect([secret.username, secret.password]).toEqual([expect.any(String), expect.any(String)]);
    });

    test("serves ECR's cache, which reads username and accessToken, and wants its prefix", () => {
      expect(secret.accessToken).toBe(secret.password);
      expect(arn).toMatch(/:secret:ecr-pullthroughcache\//);
      expect(arn).toMatch(new RegExp(String(readTemplate().parameters.DockerHubSecretArn?.AllowedPattern)));
    });

    test("serves Repull, and is what the functions take from the stack", () => {
      expect(credentialsIn(text, arn)).toBeDefined();
      expect(policyFrom({ REPULL_DOCKER_HUB_SECRET: arn }).dockerHubSecret).toBe(arn);
    });
  });
}
