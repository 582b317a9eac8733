/**
 * The stack's template against the code that it deploys: what both say is compared.
 *
 * That the template is valid, and what SAM makes of it, is checked by `infra/check.py`, which needs Python.
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { describe, test } from "vitest";
import { EXECUTION_HOURS_MAX } from "../../src/remediation/workflow/time-budget.ts";
import { DEFAULT_POLICY, policyFrom } from "../../src/substitution/policy/policy.ts";
import { codeOf, projectFiles, withoutComments } from "../support/project-files.ts";

const files = projectFiles();
const template = files.find(({ path }) => path === "infra/template.yaml")?.text ?? "";
const lines = template.split("\n");

/** The lines of one parameter, resource or statement: from its first line to the next of the same depth. */
function block(first: RegExp): string {
  const start = lines.findIndex((line) => first.test(line));
  if (start < 0) throw new Error(`no line like ${first} in the template`);
  const depth = /^ */.exec(lines[start] ?? "")?.[0].length ?? 0;
  const length = lines
    .slice(start + 1)
    .findIndex((line) => line.trim() !== "" && (/^ */.exec(line)?.[0].length ?? 0) <= depth);
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join("\n");
}

const parameter = (name: string) => block(new RegExp(`^  ${name}:$`));
const listed = (text: string, key: string) =>
  new RegExp(`${key}: \\[(.*)\\]`).exec(text)?.[1]?.split(", ") ?? [];
const defaultOf = (name: string) => /Default: "?([^"\n]*)"?/.exec(parameter(name))?.[1];

describe("a parameter", () => {
  test("is one of the sixteen that give a right, or name what one is for", () => {
    const named = [
      ...(/^Parameters:\n([\s\S]*?)^Conditions:/m.exec(template)?.[1] ?? "").matchAll(/^ {2}(\w+):$/gm),
    ];
    deepEqual(
      named.map(([, name]) => name),
      [
        ...["Mode", "ClusterPattern", "PassableRoleArns", "StandaloneTasks", "ScheduleRoleArns"],
        ...[
          "PolicyParameter",
          "ReadableRepositoryArns",
          "MirrorPrefix",
          "DockerHubSecretArn",
          "DockerHubCachePrefix",
        ],
        ...[
          "KmsKeyArn",
          "PermissionsBoundaryArn",
          "SubnetIds",
          "SecurityGroupIds",
          "NotifyEmail",
          "LogRetentionDays",
        ],
      ],
    );
  });

  test("has the default of the code: MirrorPrefix", () =>
    equal(defaultOf("MirrorPrefix"), DEFAULT_POLICY.mirrorPrefix));

  test("a stack without a Mode observes", () => equal(defaultOf("Mode"), "observe"));

  // biome-ignore format: a table is read by its columns
  const words = [
    ["Mode",            "REPULL_MODE"],
    ["StandaloneTasks", "REPULL_STANDALONE_TASKS"],
  ] as const;
  for (const [name, setting] of words) {
    test(`every word of ${name} is understood`, () => {
      const allowed = listed(parameter(name), "AllowedValues");
      equal(allowed.length >= 2, true);
      for (const word of allowed) policyFrom({ [setting]: word });
    });
  }
});

describe("the environment", () => {
  const additions = files.filter(({ path }) => /^infra\/\w[\w-]*\.yaml$/.test(path)).map(({ text }) => text);
  const set = new Set([template, ...additions].join("\n").match(/\bREPULL_[A-Z_]+(?=:)/g));
  const readers = files.filter(({ path }) => /^(?:src|functions)\/.*\.ts$/.test(path));
  const read = new Set(
    readers.flatMap(({ text }) => withoutComments(text).match(/\bREPULL_[A-Z_]+\b/g) ?? []),
  );

  for (const name of set) {
    test(`${name} is set for code that reads it`, () => equal(read.has(name), true));
  }

  const wiring = files
    .filter(({ path }) => /^functions\/.*\.ts$/.test(path))
    .map(({ text }) => withoutComments(text))
    .join("\n");
  // For a function that runs on a machine of yours: in a stack, the policy's registries.endpoints says it.
  const ELSEWHERE = ["REPULL_REGISTRY_ENDPOINTS"];
  for (const name of new Set(wiring.match(/\bREPULL_[A-Z_]+\b/g))) {
    if (ELSEWHERE.includes(name)) continue;
    test(`${name} is read by a function and set by the template`, () => equal(set.has(name), true));
  }
});

describe("each function", () => {
  for (const name of ["Detect", "Remediate", "Mirror"]) {
    const folder = name.toLowerCase();
    test(`${folder} runs the bundle that the build makes of its handler`, () => {
      const build = (files.find(({ path }) => path === "build.ts")?.text ?? "").replace(/\s+/g, " ");
      match(block(new RegExp(`^  ${name}Function:$`)), new RegExp(`CodeUri: \\.\\./dist/${folder}\\n`));
      equal(build.includes(`"functions/${folder}/handler.ts", file: "dist/${folder}/index.mjs"`), true);
      equal(template.includes("Handler: index.handler"), true);
      const handler = files.find(({ path }) => path === `functions/${folder}/handler.ts`)?.text ?? "";
      match(codeOf(handler), /export const handler\b|export (?:async )?function handler\b/);
    });
  }
});

describe("rights", () => {
  const statements = lines.flatMap((line, index) => {
    const sid = /^ +(?:- )+Sid: (\w+)$/.exec(line)?.[1];
    return sid === undefined
      ? []
      : [{ sid, index, text: block(new RegExp(`^${line.replace(/[-$*+?.()|[\]{}]/g, "\\$&")}$`)) }];
  });
  // A wildcard in the action, or in the resource beyond the pattern of a parameter.
  const isWide = (text: string) => /Resource: "\*"|^[^#]*(?:Resource: |- )!Sub arn:\S*\*/m.test(text);

  test("are found", () => equal(statements.length >= 25, true));

  for (const { sid, index, text } of statements) {
    test(`${sid} (line ${index + 1}) names its actions`, () =>
      equal(/\b[a-z-]+:[A-Za-z]*\*/.test(text.replace(/arn:\S+/g, "")), false));
    if (isWide(text)) {
      test(`${sid} (line ${index + 1}) says why it has a wildcard`, () =>
        match(lines[index - 1] ?? "", /^\s*# \S/));
    }
  }

  test("a role may be passed to tasks only, and only a role that a parameter names", () => {
    const text = block(/Sid: PassTheTasksRoles$/);
    match(text, /Resource: !Ref PassableRoleArns\n/);
    match(text, /iam:PassedToService: ecs-tasks\.amazonaws\.com/);
    equal(/Default:/.test(parameter("PassableRoleArns")), false);
  });

  test("the list of roles cannot be everything", () => {
    const pattern = new RegExp(/AllowedPattern: (\S+)/.exec(parameter("PassableRoleArns"))?.[1] ?? "");
    // biome-ignore format: a table is read by its columns
    const table = [
      ["arn:aws:iam::123456789012:role/task",        true],
      ["arn:aws-cn:iam::123456789012:role/ecs/*",    true],
      ["arn:aws:iam::123456789012:role/*",           false],
      ["arn:aws:iam::*:role/task",                   true],
      ["arn:aws:iam::*:role/ecs/*",                  true],
      ["arn:aws:iam::*:role/*",                      false],
      ["arn:aws:iam::*:*",                           false],
      ["arn:aws:iam::12345678901*:role/task",        false],
      ["arn:aws:iam::123456789012:role/*/task",      false],
      ["*",                                          false],
    ] as const;
    for (const [arn, isAllowed] of table) equal(pattern.test(arn), isAllowed, arn);
  });

  test("no ARN names a partition", () => {
    equal(/arn:aws[a-z-]*:/.test(template.replace(/^\s*(?:#|arn:aws:iam::123456789012).*$/gm, "")), false);
  });
});

test("a remediation has the time that its questions, its budget, its rollouts and a rollback may take", () => {
  const seconds = /ExecutionTimeout: (\d+)/.exec(block(/^ {2}RemediateFunction:$/))?.[1];
  equal(Number(seconds), EXECUTION_HOURS_MAX * 3600);
});

test("each start of a durable execution names a published version", () => {
  for (const [, name] of template.matchAll(/REPULL_(?:REMEDIATE|MIRROR)_FUNCTION: (.*)/g))
    match(name ?? "", /:live$/);
  match(template, /AutoPublishAlias: live/);
  // What waits over an upgrade stays with its version: a changed setting has to make a new one as well.
  equal(template.match(/^ {6}AutoPublishAliasAllProperties: true\b/gm)?.length, 3);
});
