/** `repull policy init`, `check` and `schema`: what is written is what is read, and what editors get. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { policyCheck } from "../../../../src/cli/commands/policy/check.ts";
import { policyInit } from "../../../../src/cli/commands/policy/init.ts";
import { policySchema } from "../../../../src/cli/commands/policy/schema.ts";
import { documentSchema } from "../../../../src/substitution/policy/document.ts";
import { STANDARD_PARAMETER_CHARACTERS_MAX } from "../../../../src/substitution/policy/init-document.ts";
import { neededRights } from "../../../../src/substitution/policy/needed-rights.ts";
import { parseDocument } from "../../../../src/substitution/policy/parse-document.ts";
import { DEFAULT_DOCUMENT, policyFrom, readDocument } from "../../../../src/substitution/policy/policy.ts";
import { readTemplate } from "../../../support/aws/template.ts";

function ioWith(files: Readonly<Record<string, string>> = {}) {
  const printed: string[] = [];
  const io = {
    out: (chunk: string) => void printed.push(chunk),
    err: () => {},
    isTty: false,
    env: {},
    readFile: async (path: string) => files[path],
    signal: new AbortController().signal,
  };
  return { io, text: () => printed.join("") };
}

describe("repull policy init", () => {
  const { io, text } = ioWith();
  policyInit(io);
  const written = text();

  it("writes a document that means the defaults", () => {
    expect(readDocument(parseDocument(written))).toEqual(DEFAULT_DOCUMENT);
    expect(policyFrom({ REPULL_MODE: "observe" }, written).mode).toBe("observe");
  });

  it("names every key, with a comment before it", () => {
    for (const key of Object.keys(documentSchema.shape))
      expect(written, key).toMatch(new RegExp(`  // [^\\n]+\\n(?:  // [^\\n]+\\n)*  (?:// )?"${key}": `));
  });

  it("fits into a standard parameter of Parameter Store", () => {
    expect(written.length).toBeLessThanOrEqual(STANDARD_PARAMETER_CHARACTERS_MAX);
    expect(Buffer.byteLength(written)).toBeLessThanOrEqual(STANDARD_PARAMETER_CHARACTERS_MAX);
  });

  it("writes what policy check takes, with every line the default", async () => {
    const checked = ioWith({ "policy.json": written });
    expect(await policyCheck({ file: "policy.json", json: false }, checked.io)).toBe(0);
    expect(checked.text()).not.toMatch(/^ {2}\*/m);
  });
});

describe("repull policy check, for what it takes,", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, file: string, characters: number, command: string | undefined])[] = [
    ["a short document",          "policy.json",    100,   "--overwrite --value file://policy.json"],
    ["the longest standard one",  "policy.json",    4096,  "--overwrite --value file://policy.json"],
    ["a longer one",              "policy.json",    4097,  "--overwrite --tier Advanced --value file://policy.json"],
    ["the longest of all",        "policy.json",    8192,  "--overwrite --tier Advanced --value file://policy.json"],
    ["one that no parameter takes", "policy.json",  8193,  undefined],
    ["a file with a space",       "my policy.json", 100,   "--overwrite --value 'file://my policy.json'"],
  ];
  for (const [what, file, characters, command] of table)
    it(`prints the command that installs it, or that there is none: ${what}`, async () => {
      const document = '{ "mode": "observe" }';
      const checked = ioWith({ [file]: document.padEnd(characters) });
      expect(await policyCheck({ file, json: false }, checked.io)).toBe(0);
      const printed = /aws ssm put-parameter --name \/repull\/policy --type String (.*)/.exec(
        checked.text(),
      )?.[1];
      expect(printed).toBe(command);
    });

  it("prints no command where it is not a policy", async () => {
    const checked = ioWith({ "policy.json": '{ "mode": "no" }' });
    expect(await policyCheck({ file: "policy.json", json: false }, checked.io)).toBe(1);
    expect(checked.text()).not.toContain("put-parameter");
  });
});

describe("repull policy schema", () => {
  it("prints what infra/policy.schema.json holds, for editors", () => {
    const { io, text } = ioWith();
    policySchema(io);
    const schema = JSON.parse(text());
    // `repull policy schema > infra/policy.schema.json` writes it anew.
    const held = readFileSync(new URL("../../../../infra/policy.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(held)).toEqual(schema);
    expect(Object.keys(schema.properties)).toEqual(Object.keys(documentSchema.shape));
    expect(schema.additionalProperties).toBe(false);
  });
});

describe("the rights that a document needs", () => {
  const parametersFor = (said: object) => neededRights(readDocument(said)).map(({ parameter }) => parameter);
  const strategies = ["ecr-public"];
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, said: object, parameters: readonly string[]])[] = [
    ["it only observes, by a strategy without rights", { mode: "observe", strategies },                                                  []],
    ["it writes",                                      { mode: "approve", strategies },                                                  ["Mode=approve"]],
    ["it names calendars",                             { mode: "observe", strategies, changeCalendar: ["freeze"] },                      ["PolicyParameter"]],
    ["it copies",                                      { mode: "observe", strategies: ["mirror"] },                                      ["MirrorPrefix"]],
    ["it signs in",                                    { mode: "observe", strategies: ["authenticated-pull"] },                          ["DockerHubSecretArn"]],
    ["copies are elsewhere too",                       { mode: "observe", strategies, mirrors: { additionalRepositories: ["c/{path}"] } }, ["ReadableRepositoryArns"]],
    ["it lends a role",                                { mode: "observe", strategies, executionRole: "arn:aws:iam::123456789012:role/lent" }, ["PassableRoleArns"]],
  ];
  for (const [when, said, parameters] of table)
    it(`are ${parameters.join(", ") || "none"} when ${when}`, () =>
      expect(parametersFor(said)).toEqual(parameters));

  it("are of parameters that the stack has, and are printed by policy check", async () => {
    const known = Object.keys(readTemplate().parameters);
    for (const parameter of parametersFor({})) expect(known).toContain(parameter.split("=")[0]);
    const { io, text } = ioWith({ "policy.json": '{"changeCalendar":["freeze"]}' });
    expect(await policyCheck({ file: "policy.json", json: false }, io)).toBe(0);
    expect(text()).toMatch(/PolicyParameter, for changeCalendar/);
  });
});
