/** infra/check_rights.py, which compares the template with the Service Authorization Reference, on templates that are wrong. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/runtime/json.ts";

const CHECK = fileURLToPath(new URL("../../../infra/check_rights.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rights-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Exit status of the check, and the words of its one finding. */
function checked(statement: JsonObject): { status: number | null; said: string } {
  const file = join(folder, "template.yaml");
  const Policies = [{ PolicyDocument: { Statement: [{ Sid: "One", Effect: "Allow", ...statement }] } }];
  // JSON is YAML.
  writeFileSync(
    file,
    JSON.stringify({ Resources: { Role: { Type: "AWS::IAM::Role", Properties: { Policies } } } }),
  );
  const { status, stdout, stderr } = spawnSync("python3", [CHECK, file], { encoding: "utf8" });
  expect(stderr).toBe("");
  return { status, said: stdout };
}

const SERVICE = "arn:aws:ecs:us-east-1:123456789012:service/prod/*";
const GROUP = "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:app/*";
const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/prod";

describe("the check of rights", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, JsonObject, 0 | 1])[] = [
    ["passes an action on a resource of its type",           { Action: "ecs:UpdateService", Resource: SERVICE }, 0],
    ["refuses an action without a resource type on an ARN",  { Action: "codedeploy:StopDeployment", Resource: GROUP }, 1],
    ["refuses an action on a resource of another type",      { Action: "ecs:UpdateService", Resource: CLUSTER }, 1],
    ["refuses a resource that no action of the statement has", { Action: "ecs:UpdateService", Resource: [SERVICE, CLUSTER] }, 1],
    ["refuses * where there is a type to name",              { Action: "ecs:UpdateService", Resource: "*" }, 1],
    ["passes * where there is none",                         { Action: "ecs:DescribeTaskDefinition", Resource: "*" }, 0],
    ["refuses an action that does not exist",                { Action: "ecs:UpdateServices", Resource: SERVICE }, 1],
    ["passes a condition on a key of the action",            { Action: "ecs:UpdateService", Resource: SERVICE, Condition: { Null: { "ecs:subnet": "true" } } }, 0],
    ["refuses a condition on a key of another action",       { Action: "ecs:RunTask", Resource: "arn:aws:ecs:us-east-1:123456789012:task-definition/*", Condition: { Null: { "ecs:subnet": "true" } } }, 1],
    ["passes a tag of the resource where it has tags",       { Action: "ecs:UpdateService", Resource: SERVICE, Condition: { StringEquals: { "aws:ResourceTag/a": "b" } } }, 0],
    ["refuses a tag of the resource where there is none",    { Action: "ecs:DescribeTaskDefinition", Resource: "*", Condition: { StringEquals: { "aws:ResourceTag/a": "b" } } }, 1],
    ["looks at a denial as well",                            { Effect: "Deny", Action: "ecs:UpdateServices", Resource: SERVICE }, 1],
  ];
  for (const [title, statement, status] of table) {
    test(title, () => expect(checked(statement)).toMatchObject({ status }));
  }
});
