/**
 * Names that are made of a stack's name: Lambda takes 64 characters of one, and refuses more when the roles and queues are
 * already made. A StackSet's stacks have the longest: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
 */

import { describe, expect, test } from "vitest";
import { getObject, getString } from "../../src/ecs/json-fields.ts";
import { readTemplate } from "../support/aws/template.ts";

const FUNCTION_NAME_MAX = 64;
/** What leaves room for "-remediate", the longest of the main stack's. */
const STACK_NAME_MAX = 54;
const longest = "s".repeat(STACK_NAME_MAX);

const ADDITIONS = ["deployment-hook.yaml", "diagnose.yaml", "hook.yaml", "mirrors.yaml", "prefill.yaml"];

describe("the functions of the longest stack", () => {
  for (const file of ["template.yaml", ...ADDITIONS])
    test(`of infra/${file} have names that Lambda takes`, () => {
      const { resources } = readTemplate(
        { "AWS::StackName": longest, MainStack: longest, Mirrors: "prune", Mode: "remediate" },
        file,
      );
      const functions = Object.values(resources).filter(({ Type }) => Type === "AWS::Serverless::Function");
      expect(functions).not.toEqual([]);
      const names = functions.map(
        (one) => getString(getObject(one, "Properties") ?? {}, "FunctionName") ?? "",
      );
      expect(names.filter(({ length }) => length > FUNCTION_NAME_MAX)).toEqual([]);
    });
});

describe("the name of the main stack", () => {
  const parameters = [
    ...ADDITIONS.map((file) => [file, "MainStack"] as const),
    ["eks-role.yaml", "StackName"] as const,
  ];
  for (const [file, name] of parameters)
    test(`may be as long in infra/${file} as the main stack's own, and no longer`, () => {
      const pattern = new RegExp(String(readTemplate({}, file).parameters[name]?.AllowedPattern));
      expect([longest, `StackSet-repull-${"0".repeat(36)}`].filter((one) => !pattern.test(one))).toEqual([]);
      expect(pattern.test(`${longest}s`)).toBe(false);
    });
});
