/**
 * The Terraform module against the template that it wraps: what the one names, the other has.
 *
 * That it is Terraform's own language, `terraform fmt` and `terraform validate` say; docs/deploy.md says how far that went.
 */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readTemplate } from "../support/aws/template.ts";

const FOLDER = new URL("../../infra/terraform/", import.meta.url);
const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".tf"))
  .map((name) => readFileSync(new URL(name, FOLDER), "utf8"));
const module = files.join("\n");
const template = readFileSync(new URL("../../infra/template.yaml", import.meta.url), "utf8");

describe("the Terraform module", () => {
  test("puts code in the place of each folder that the template names", () => {
    const folders = [...template.matchAll(/CodeUri: (\S+)/g)].map(([line]) => line);
    expect(folders).toHaveLength(3);
    for (const folder of folders) expect(module).toContain(`"${folder}"`);
  });

  test("asks for the one parameter that has no default, and lets every other be named", () => {
    const needed = Object.entries(readTemplate().parameters).flatMap(([name, { Default }]) =>
      Default === undefined ? [name] : [],
    );
    expect(needed).toEqual(["PassableRoleArns"]);
    expect(module).toContain("PassableRoleArns = join");
    expect(module).toMatch(/variable "parameters" \{[^}]*map\(string\)/);
  });

  test("allows what the template needs: roles without names of their own, and the transform", () => {
    expect(module).toContain('["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]');
    expect(template).not.toContain("RoleName:");
    expect(template).toContain("Transform: AWS::Serverless-2016-10-31");
  });

  test("says nothing of its own about what is deployed", () => {
    const resources = [...module.matchAll(/^resource "(\w+)"/gm)].map(([, type]) => type);
    expect(new Set(resources)).toEqual(new Set(["aws_s3_object", "aws_cloudformation_stack"]));
  });

  test("describes each variable and each output", () => {
    for (const [block] of module.matchAll(/^(?:variable|output) "[\s\S]*?^\}/gm))
      expect(block).toMatch(/description = "[^"]{15,}"/);
  });
});
