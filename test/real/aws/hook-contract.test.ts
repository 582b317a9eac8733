/**
 * The answers of the hooks against AWS's own models, in the copy that botocore brings: names, words and lengths. An annotation is
 * answered in lower camel case and shown by GetHookResult under the same names.
 */

import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type Annotation, answerOf, type JudgedImage } from "../../../src/prevention/hook/hook-answer.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";

const PROGRAM = `
import json, botocore.session
session = botocore.session.get_session()
def shapes(service, names):
    model = session.get_service_model(service)
    return {name: model._service_description["shapes"][name] for name in names}
print(json.dumps({
    **shapes("cloudformation", ["Annotation", "AnnotationName", "AnnotationStatus", "AnnotationSeverityLevel",
        "RemediationMessageStatusMessage", "RemediationMessageRemediationMessage", "HookStatusReason"]),
    **shapes("ecs", ["DeploymentLifecycleHook", "DeploymentLifecycleHookStage", "DeploymentLifecycleHookAction"]),
}))
`;
const { stdout, stderr } = spawnSync("python3", ["-c", PROGRAM], { encoding: "utf8" });
type Shape = {
  readonly enum?: readonly string[];
  readonly max?: number;
  readonly members?: JsonObject;
};
const models = JSON.parse(stdout || JSON.stringify({ error: stderr })) as Record<string, Shape>;

const declared = {
  resource: "R".repeat(255),
  container: "c".repeat(255),
  image: `acme/${"a".repeat(3000)}`,
  signedIn: false,
  platform: {},
};
const images: readonly JudgedImage[] = [
  { declared, judgement: { code: "replaceable", replacement: "r".repeat(20_000), proof: "same-index" } },
  { declared, judgement: { code: "no-replacement", because: "b".repeat(20_000) } },
  ...(
    [
      "other-registry",
      "excluded-by-policy",
      "signed-in",
      "not-known-yet",
      "not-an-image",
      "no-answer",
    ] as const
  ).map((code) => ({ declared, judgement: { code } })),
];

describe("an annotation of the CloudFormation hook", () => {
  const answer = answerOf("token", images);
  const annotations: readonly Annotation[] = answer.annotations ?? [];

  test("has members that CloudFormation shows", () => {
    const known = Object.keys(models.Annotation?.members ?? {});
    expect(known).toContain("RemediationMessage");
    const names = known.map((member) => member.slice(0, 1).toLowerCase() + member.slice(1));
    for (const name of annotations.flatMap((one) => Object.keys(one))) expect(names).toContain(name);
  });

  test("has statuses and severities of CloudFormation's", () => {
    expect(annotations.length).toBe(images.length);
    for (const { status, severityLevel } of annotations) {
      expect(models.AnnotationStatus?.enum).toContain(status);
      if (severityLevel !== undefined) expect(models.AnnotationSeverityLevel?.enum).toContain(severityLevel);
    }
  });

  test("is within CloudFormation's lengths, as the message is", () => {
    const longest = (texts: readonly string[]) => Math.max(...texts.map(({ length }) => length));
    expect(longest(annotations.map(({ annotationName }) => annotationName))).toBeLessThanOrEqual(
      models.AnnotationName?.max ?? 0,
    );
    expect(longest(annotations.map(({ statusMessage }) => statusMessage))).toBeLessThanOrEqual(
      models.RemediationMessageStatusMessage?.max ?? 0,
    );
    expect(longest(annotations.map(({ remediationMessage = "" }) => remediationMessage))).toBeLessThanOrEqual(
      models.RemediationMessageRemediationMessage?.max ?? 0,
    );
    expect(answer.message.length).toBeLessThanOrEqual(models.HookStatusReason?.max ?? 0);
  });
});

test("what the page has an owner write into a service's lifecycle hook is what ECS takes", () => {
  const known = Object.keys(models.DeploymentLifecycleHook?.members ?? {});
  for (const member of ["hookTargetArn", "roleArn", "lifecycleStages", "timeoutConfiguration"])
    expect(known).toContain(member);
  expect(models.DeploymentLifecycleHookStage?.enum).toContain("PRE_SCALE_UP");
  expect(models.DeploymentLifecycleHookAction?.enum).toContain("CONTINUE");
});
