import { describe, expect, test } from "vitest";
import { taskDefinitionIn, withTaskDefinition } from "../../src/workload/app-spec.ts";

const ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:42";

describe("the task definition of an AppSpec", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["JSON",                                `{"version":0.0,"Resources":[{"TargetService":{"Properties":{"TaskDefinition":"${ARN}","LoadBalancerInfo":{}}}}]}`, ARN],
    ["JSON with room",                      `{ "TaskDefinition" :\n "${ARN}" }`,                               ARN],
    ["YAML",                                `Properties:\n  TaskDefinition: ${ARN}\n  LoadBalancerInfo:\n`,    ARN],
    ["YAML in quotes, with a comment",      `TaskDefinition: '${ARN}' # ours`,                                 ARN],
    ["YAML in one line",                    `Properties: {TaskDefinition: ${ARN}, PlatformVersion: LATEST}`,  ARN],
    ["a family with its revision",          `TaskDefinition: web:42`,                                          "web:42"],
    ["a family alone: which one is meant?", `TaskDefinition: web`,                                             undefined],
    ["a placeholder",                       `TaskDefinition: <TASK_DEFINITION>`,                               undefined],
    ["two of them",                         `TaskDefinition: ${ARN}\n# TaskDefinition: web:41`,                undefined],
    ["another member that ends so",         `MyTaskDefinition: ${ARN}`,                                        undefined],
    ["nothing",                             ``,                                                                undefined],
  ] as const;
  for (const [what, appSpec, expected] of table) {
    test(`${what}: ${expected ?? "unreadable"}`, () => {
      expect(taskDefinitionIn(appSpec)).toBe(expected);
      const next = withTaskDefinition(appSpec, "web:43");
      expect(next).toBe(expected === undefined ? undefined : appSpec.replace(expected, "web:43"));
    });
  }
});
