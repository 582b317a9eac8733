/** What the template allows each function's role, with every optional right asked for. */

import { expect } from "vitest";
import { getObjects } from "../../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { readTemplate } from "./template.ts";

export const FUNCTIONS = ["detect", "remediate", "mirror"] as const;
export type Name = (typeof FUNCTIONS)[number];

/** Every parameter that adds rights, set. */
export const EVERYTHING = {
  Mode: "remediate",
  StandaloneTasks: "run",
  ScheduleRoleArns: "arn:aws:iam::123456789012:role/schedules/*",
  KmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/1",
  SubnetIds: "subnet-1",
  SecurityGroupIds: "sg-1",
  DockerHubSecretArn: "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub",
  PolicyParameter: "/repull/policy",
  ReadableRepositoryArns: "arn:aws:ecr:us-east-1:210987654321:repository/central/*",
};

type Statement = {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly text: string;
};

/** What is allowed by the statements of a function's role, with every optional permission by default. */
export function statementsOf(
  name: Name,
  parameters: Readonly<Record<string, string>> = EVERYTHING,
): readonly Statement[] {
  const { resources } = readTemplate(parameters);
  const role = resources[`${name[0]?.toUpperCase()}${name.slice(1)}Role`]?.Properties as JsonObject;
  expect(role.ManagedPolicyArns).toBeUndefined();
  return getObjects(role, "Policies")
    .flatMap(({ PolicyDocument }) => getObjects(PolicyDocument as JsonObject, "Statement"))
    .filter(({ Effect }) => {
      expect(["Allow", "Deny"]).toContain(Effect);
      return Effect === "Allow";
    })
    .map((statement) => {
      return {
        actions: [statement.Action].flat().map(String),
        resources: [statement.Resource].flat().map(String),
        text: JSON.stringify(statement),
      };
    });
}
