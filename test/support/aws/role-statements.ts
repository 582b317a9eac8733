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

/** The documents that say what a role may do: its own, and those of the template's managed policies that it has. */
export function policiesOf(
  resources: Readonly<Record<string, JsonObject>>,
  role: string,
): { readonly inline: readonly JsonObject[]; readonly managed: readonly JsonObject[] } {
  const properties = (resources[role]?.Properties ?? {}) as JsonObject;
  const names = [properties.ManagedPolicyArns ?? []].flat().map(String);
  return {
    inline: getObjects(properties, "Policies").map(({ PolicyDocument }) => PolicyDocument as JsonObject),
    managed: names.map((name) => {
      const policy = resources[name];
      // One of AWS's grants more than is needed.
      expect(policy?.Type, name).toBe("AWS::IAM::ManagedPolicy");
      const { PolicyDocument } = (policy?.Properties ?? {}) as JsonObject;
      return PolicyDocument as JsonObject;
    }),
  };
}

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
  const { inline, managed } = policiesOf(resources, `${name[0]?.toUpperCase()}${name.slice(1)}Role`);
  return [...inline, ...managed]
    .flatMap((document) => getObjects(document, "Statement"))
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
