/** docs/rights.md is made from the template: `npx vitest run test/infra/rights-page.test.ts -u` writes it anew. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { getObjects } from "../../src/ecs/json-fields.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { EVERYTHING, FUNCTIONS, policiesOf } from "../support/aws/role-statements.ts";
import { readTemplate } from "../support/aws/template.ts";

const lines = readFileSync(new URL("../../infra/template.yaml", import.meta.url), "utf8").split("\n");
const every = readTemplate({ ...EVERYTHING, PassableRoleArns: "PassableRoleArns" });
const plain = readTemplate({ PassableRoleArns: "PassableRoleArns" });
const writing = readTemplate({ PassableRoleArns: "PassableRoleArns", Mode: "remediate" });

test("the page of permissions says what the template grants", async () => {
  const page = `# The permissions of each role

Made from \`infra/template.yaml\`; a test compares the two. Resources are shown for the account 123456789012 in us-east-1, a
stack called \`repull\`, and defaults elsewhere. Roles have the permissions *to write* in the modes \`approve\` and \`remediate\`,
not in \`observe\`. They have the *optional* ones only if another parameter requires them.

${FUNCTIONS.map(section).join("\n\n")}
`;
  await expect(page).toMatchFileSnapshot("../../docs/rights.md");
});

function section(name: string): string {
  const role = `${name[0]?.toUpperCase()}${name.slice(1)}Role`;
  const sidsOf = ({ resources }: typeof plain) =>
    new Set(statementsIn(resources, role).map(({ Sid }) => Sid));
  const [always, toWrite] = [sidsOf(plain), sidsOf(writing)];
  const entries = statementsIn(every.resources, role).map((statement) => {
    const { Sid, Effect, Action, Resource, Condition } = statement;
    const conditions = Object.entries((Condition ?? {}) as JsonObject).map(
      ([operator, keys]) => `${operator} ${JSON.stringify(keys)}`,
    );
    return [
      `- **${Sid}**${always.has(Sid) ? "" : toWrite.has(Sid) ? " (to write)" : " (optional)"}: ${Effect === "Deny" ? "never " : ""}${list(Action)} on ${list(Resource)}`,
      ...(conditions.length === 0 ? [] : [`, if \`${conditions.join("`, `")}\``]),
      ...why(String(Sid), role),
    ].join("");
  });
  expect(entries.length).toBeGreaterThan(5);
  return `## \`${name}\`\n\n${entries.join("\n")}`;
}

function statementsIn(resources: (typeof plain)["resources"], role: string): readonly JsonObject[] {
  const { inline, managed } = policiesOf(resources, role);
  return [...inline, ...managed].flatMap((document) => getObjects(document, "Statement"));
}

function list(value: unknown): string {
  return [value]
    .flat()
    .map((one) => `\`${one}\``)
    .join(", ");
}

/** The comment before a statement of this role. */
function why(sid: string, role: string): readonly string[] {
  const from = lines.indexOf(`  ${role}:`);
  const at = lines.findIndex((line, index) => index > from && line.trim() === `- Sid: ${sid}`);
  const words: string[] = [];
  for (let index = at - 1; lines[index]?.trim().startsWith("#"); index -= 1)
    words.unshift(lines[index]?.trim().slice(2) ?? "");
  return words.length === 0 ? [] : [`. ${words.join(" ")}`];
}
