/** docs/parameters.md is made from the template: `npx vitest run test/infra/parameters-page.test.ts -u` writes it anew. */

import { expect, test } from "vitest";
import { isObject } from "../../src/ecs/json-fields.ts";
import { readTemplate } from "../support/aws/template.ts";

const { parameters, metadata } = readTemplate();
const { ParameterGroups = [] } = metadata["AWS::CloudFormation::Interface"] as {
  ParameterGroups?: readonly {
    readonly Label: { readonly default: string };
    readonly Parameters: readonly string[];
  }[];
};

test("the page of the stack's parameters says what the template says", async () => {
  const groups = ParameterGroups.map(
    ({ Label, Parameters }) => `## ${Label.default}\n\n${Parameters.map(entry).join("\n")}`,
  );
  const page = `# The stack's parameters

Made from \`infra/template.yaml\`; a test compares the two. A parameter gives a permission, or names its resources. The policy
document says how Repull behaves within its permissions: [policy.md](policy.md). Only \`Mode\` is in both: here it is a ceiling.

${groups.join("\n\n")}
`;
  await expect(page).toMatchFileSnapshot("../../docs/parameters.md");
});

function entry(name: string): string {
  const parameter = parameters[name] ?? {};
  expect(isObject(parameter)).toBe(true);
  const allowed = Array.isArray(parameter.AllowedValues)
    ? // A long list of numbers is CloudFormation's to show.
      parameter.AllowedValues.length > 6
      ? "a number of days that CloudWatch Logs knows"
      : parameter.AllowedValues.map((word) => `\`${word}\``).join(", ")
    : parameter.MaxValue === undefined
      ? String(parameter.ConstraintDescription)
      : `${parameter.MinValue} to ${parameter.MaxValue}`;
  const preset =
    parameter.Default === undefined
      ? "**has to be given**"
      : parameter.Default === ""
        ? "default: nothing"
        : `default: \`${parameter.Default}\``;
  const description = String(parameter.Description).trim().replaceAll("*", "\\*");
  return `- \`${name}\` (${preset}): ${description} Takes ${allowed.replaceAll("*", "\\*")}.`;
}
