/** The templates of several accounts: who may pull from the central one, and which settings each account's stack has. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { getObjects, getStrings } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { readTemplate } from "../support/aws/template.ts";

const ORGANIZATION = { OrganizationId: "o-abcdefghij" };
const EXAMPLE = readFileSync(
  new URL("../../infra/terraform/examples/accounts/main.tf", import.meta.url),
  "utf8",
);

function statementsWith(values: Readonly<Record<string, string>>): readonly JsonObject[] {
  const { resources } = readTemplate({ ...ORGANIZATION, ...values }, "central.yaml");
  const { PolicyText } = (resources.RegistryPolicy?.Properties ?? {}) as { PolicyText?: JsonObject };
  return getObjects(PolicyText ?? {}, "Statement");
}

describe("the policy of the central account's registry", () => {
  test("lets the organisation pull the copies, and no other account or repository", () => {
    expect(statementsWith({})).toEqual([
      {
        Sid: "TheOrganisationMayPullCopies",
        Effect: "Allow",
        Principal: "*",
        Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        Resource: expect.stringMatching(/^arn:aws:ecr:[^:]+:\d{12}:repository\/repull\/\*$/),
        Condition: { StringEquals: { "aws:PrincipalOrgID": ORGANIZATION.OrganizationId } },
      },
    ]);
  });

  test("lets it fill the cache where there is one, below its prefix, and push nowhere", () => {
    const [, cache, ...others] = statementsWith({ CachePrefix: "docker-hub" });
    expect(others).toEqual([]);
    expect(cache).toMatchObject({
      Resource: expect.stringMatching(/:repository\/docker-hub\/\*$/),
      Condition: { StringEquals: { "aws:PrincipalOrgID": ORGANIZATION.OrganizationId } },
    });
    expect(
      getStrings(cache ?? {}, "Action").filter((action) => /Put|Upload|Delete|Set/.test(action)),
    ).toEqual([]);
  });

  test("is the same in the example for Terraform", () => {
    const [statement] = statementsWith({});
    for (const action of getStrings(statement ?? {}, "Action")) expect(EXAMPLE).toContain(`"${action}"`);
    expect(EXAMPLE).toContain(`"aws:PrincipalOrgID" = var.organization_id`);
  });
});

describe("the stack of each account", () => {
  const { parameters } = readTemplate();
  const needed = {
    TemplateUrl: "https://bucket.s3.amazonaws.com/template.json",
    OrganizationalUnitIds: "ou-1234-12345678",
    Regions: "us-east-1",
    PassableRoleArns: "*",
  };
  const set = (readTemplate(needed, "stackset.yaml").resources.Accounts?.Properties ?? {}) as JsonObject;

  test("gets no parameter that the main template does not have", () => {
    const told = getObjects(set, "Parameters").map(({ ParameterKey }) => String(ParameterKey));
    expect(told.length).toBeGreaterThan(2);
    expect(told.filter((name) => !Object.hasOwn(parameters, name))).toEqual([]);
    const [, ...named] = [...EXAMPLE.matchAll(/parameters += \{([^}]*)\}/g)].flatMap(([, all = ""]) =>
      [...all.matchAll(/(\w+) = /g)].map(([, name = ""]) => name),
    );
    expect(named.filter((name) => !Object.hasOwn(parameters, name))).toEqual([]);
  });

  test("reads a policy document that the example for Terraform makes: without one it would heal nothing", () => {
    const made = [...EXAMPLE.matchAll(/^resource "aws_ssm_parameter" "(\w+)"/gm)].map(([, name]) => name);
    const told = [...EXAMPLE.matchAll(/PolicyParameter = ([^ }]+)/g)].map(([, value]) => value);
    expect(made).toHaveLength(2);
    expect(told.toSorted()).toEqual(made.map((name) => `aws_ssm_parameter.${name}.name`).toSorted());
  });

  test("looks for copies in the central account, in the example for Terraform", () => {
    expect(EXAMPLE).toMatch(/mirrors += \{ additionalRepositories = \[/);
  });

  test("takes roles that fit in every account, as its parameter and the page say, for one parameter serves all accounts", () => {
    const page = readFileSync(new URL("../../docs/accounts.md", import.meta.url), "utf8");
    const description = readTemplate(needed, "stackset.yaml").parameters.PassableRoleArns?.Description;
    for (const text of [page, String(description)]) {
      const named = text.match(/arn:aws:iam::\*:role\/[a-z*/]+/g) ?? [];
      expect(named).not.toEqual([]);
      for (const name of ["PassableRoleArns", "ScheduleRoleArns"]) {
        const pattern = new RegExp(String(parameters[name]?.AllowedPattern));
        expect(named.filter((arn) => !pattern.test(arn))).toEqual([]);
      }
    }
  });

  test("observes until the operator says otherwise", () => {
    expect(getObjects(set, "Parameters")).toContainEqual({ ParameterKey: "Mode", ParameterValue: "observe" });
  });

  test("has a name that leaves room for those of its functions", () => {
    const stack = `StackSet-${set.StackSetName}-${"0".repeat(36)}`;
    const names = ["detect", "remediate", "mirror"].map((name) => `${stack}-${name}`);
    expect(names.filter(({ length }) => length > 64)).toEqual([]);
  });

  test("is made of a template without a transform, so that no macro has to be allowed", () => {
    expect(set.Capabilities).toEqual(["CAPABILITY_IAM"]);
  });
});
