import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { policyCheck } from "../../../src/cli/commands/policy/check.ts";
import { documentSchema } from "../../../src/substitution/policy/document.ts";
import { checkPolicy, explainPolicy } from "../../../src/substitution/policy/explain-policy.ts";
import {
  DEFAULT_DOCUMENT,
  DEFAULT_POLICY,
  policyFrom,
  readDocument,
} from "../../../src/substitution/policy/policy.ts";
import { RENAMED_KEYS } from "../../../src/substitution/policy/renamed-keys.ts";

const documentation = readFileSync(
  fileURLToPath(new URL("../../../docs/policy.md", import.meta.url)),
  "utf8",
);

describe("a policy", () => {
  test("has defaults for everything", () => {
    expect(policyFrom({})).toEqual(DEFAULT_POLICY);
    expect(readDocument({})).toEqual(DEFAULT_DOCUMENT);
    expect(DEFAULT_POLICY).toMatchObject({
      minimumProof: "same-platform",
      mode: "remediate",
      mirrorPrefix: "repull",
      standaloneTasks: "report",
      schedules: "report",
    });
  });

  test("has fourteen keys at most, and six members of a key", () => {
    expect(Object.keys(documentSchema.shape).length).toBeLessThanOrEqual(14);
    for (const [key, value] of Object.entries(DEFAULT_DOCUMENT))
      if (typeof value === "object" && !Array.isArray(value))
        expect(Object.keys(value).length, key).toBeLessThanOrEqual(6);
  });

  test("says nothing that a parameter of the stack says, but for the mode", () => {
    const ofStack = Object.keys(DEFAULT_POLICY).filter((key) => !(key in DEFAULT_DOCUMENT));
    expect(ofStack.toSorted()).toEqual(["mirrorPrefix", "schedules", "standaloneTasks"]);
    for (const key of [...ofStack, "dockerHubSecret"])
      expect(() => readDocument({ [key]: "any" })).toThrow(key);
  });

  for (const [setting, value, complaint] of [
    ["REPULL_MIRROR_PREFIX", "Repull", "prefix"],
    ["REPULL_MODE", "panic", "observe"],
    ["REPULL_STANDALONE_TASKS", "maybe", "register"],
    ["REPULL_SCHEDULES", "stop", "move"],
    ["REPULL_DOCKER_HUB_SECRET", "hub", "ARN"],
    ["REPULL_STRATEGIES", "ecr-copy", "the policy's key strategies"],
    ["REPULL_LEAST_PROOF", "same-index", "the policy's key minimumProof"],
    ["REPULL_PLATFORMS", "all", "the policy's key mirrors.platforms"],
    ["REPULL_PINNING", "tag", "nothing in its place"],
    ["REPULL_DOCKER_HUB_SECRET_KEY", "arn", "nothing in its place"],
    ["REPULL_BUS_NAME", "operations", "default bus"],
  ] as const) {
    test(`says what ${setting} may be instead of ${value}`, () => {
      expect(() => policyFrom({ [setting]: value })).toThrow(complaint);
      expect(() => policyFrom({ [setting]: value })).toThrow(setting);
    });
  }

  test("copies nothing where the stack's MirrorPrefix is empty", () => {
    expect(policyFrom({ REPULL_MIRROR_PREFIX: "" })).not.toHaveProperty("mirrorPrefix");
  });

  // biome-ignore format: a table is read by its columns
  const wrong: readonly (readonly [because: string, document: unknown, words: readonly string[]])[] = [
    ["an unknown key, with the likely one",       { strategie: [] },                                           ["strategie: expected a known key, perhaps strategies"]],
    ["an unknown key inside another",             { scope: { service: {} } },                                  ["scope.service: expected a known key, perhaps services"]],
    ["an unknown key inside one of those",        { scope: { services: { exlude: ["a"] } } },                  ["scope.services.exlude: expected a known key, perhaps exclude"]],
    ["an unknown key of a row",                   { imageMappings: [{ image: "a", uses: "b" }] },              ["imageMappings.0.use: expected string, received undefined", "imageMappings.0.uses: expected a known key, perhaps use"]],
    ["a key like no other, with all there are",   { zebra: 1 },                                                ["zebra: expected one of the keys scope, mode, approval"]],
    ["everything at once",                        { mode: "off", mirrors: { platforms: "some" } },             ["mode: expected one of remediate, approve, observe", "mirrors.platforms: expected one of task, all"]],
    ["other content for more than one image",     { imageMappings: [{ image: "a/*", use: "b", allowDifferentContent: true }] }, ["imageMappings.0.image: expected an image without *"]],
    ["one repository for every image",            { mirrors: { additionalRepositories: ["central/nginx"] } },  ["mirrors.additionalRepositories.0: expected a repository with {path} or {name}"]],
    ["a malformed calendar",                      { changeCalendar: ["a b"] },                                 ["changeCalendar.0: expected the name or ARN of an SSM Change Calendar"]],
    ["a malformed role",                          { executionRole: "admin" },                                  ["executionRole: expected the ARN of a role"]],
    ["no strategies at all",                      { strategies: [] },                                          ["strategies:"]],
    ["an age that is not a time",                    { kubernetes: { proofMaxAge: "soon" } },                     ["kubernetes.proofMaxAge: expected a time such as 30m or 6h"]],
    ["more requests than an hour may have",       { kubernetes: { requestsPerHour: 601 } },                    ["kubernetes.requestsPerHour: expected"]],
    ["an unknown key of a cluster",               { kubernetes: { proofAge: "1h" } },                          ["kubernetes.proofAge: expected one of the keys proofMaxAge"]],
    ["a quota that does not exist",               { quotas: { remediationsPerHours: 5 } },                     ["quotas.remediationsPerHours: expected a known key, perhaps remediationsPerHour"]],
    ["a size without its unit, or a whole quota", { quotas: { bytesPerDay: "200", remediationsPerHour: 0 } },  ["quotas.bytesPerDay: expected a size such as 500MB", "quotas.remediationsPerHour: expected number to be >=1"]],
  ];
  for (const [because, document, words] of wrong) {
    test(`complains of ${because}`, () => {
      const checked = checkPolicy(JSON.stringify(document));
      expect(checked.kind).toBe("invalid");
      for (const word of words) expect(checked.lines.join("\n")).toContain(word);
      expect(() => readDocument(document)).toThrow();
    });
  }

  for (const [key, now] of Object.entries(RENAMED_KEYS)) {
    test(`names what has taken the place of the key ${key}`, () => {
      const document = key.split(".").reduceRight<unknown>((inner, part) => ({ [part]: inner }), "any");
      expect(checkPolicy(JSON.stringify(document)).lines).toContain(`${key}: expected ${now}`);
      const named = /^the key (.*?)(?::|$)/.exec(now)?.[1]?.split(".") ?? [];
      let at: unknown = DEFAULT_DOCUMENT;
      for (const part of named) {
        if (part !== "executionRole") expect(at).toHaveProperty(part);
        at = Object(at)[part];
      }
    });
  }

  test("is rejected when it is not JSON, or not an object", () => {
    for (const text of ["", "{", "[]", "null", "7", '"mode"'])
      expect(checkPolicy(text), text).toMatchObject({ kind: "invalid" });
  });

  test("is read when a byte order mark comes before it", () => {
    const document = '\uFEFF{"mode":"observe"}';
    expect(checkPolicy(document).kind).toBe("valid");
    expect(policyFrom({}, document).mode).toBe("observe");
  });

  test("may have comments, and a comma after its last member", () => {
    const document = '{\n  // who may look\n  "mode": "observe", /* for now */\n}\n';
    expect(policyFrom({}, document).mode).toBe("observe");
  });

  test("names the line and the column of what is not JSON", () => {
    expect(() => policyFrom({}, '{\n  "mode": observe\n}')).toThrow(/line 2, column 11/);
  });

  test("is found by editors through $schema, which says nothing else", () => {
    expect(policyFrom({}, '{"$schema":"./policy.schema.json","mode":"approve"}').mode).toBe("approve");
  });

  // biome-ignore format: a table is read by its columns
  const ceilings = [
    ["observe",   "remediate", "observe"],
    ["approve",   "remediate", "approve"],
    ["remediate", "observe",   "observe"],
    [undefined,   "approve",   "approve"],
  ] as const;
  for (const [parameter, document, effective] of ceilings) {
    test(`the stack's Mode ${parameter ?? "(no stack)"} and a document's ${document} make ${effective}`, () => {
      const env = parameter === undefined ? {} : { REPULL_MODE: parameter };
      expect(policyFrom(env, JSON.stringify({ mode: document })).mode).toBe(effective);
    });
  }

  test("puts ecr-copy before mirror, whose copies it finds", () => {
    expect(readDocument({ strategies: ["mirror"] }).strategies).toEqual(["ecr-copy", "mirror"]);
  });
});

describe("an explained policy", () => {
  test("has a line for each key, and marks what is not the default", () => {
    const lines = explainPolicy(
      readDocument({ scope: { services: { exclude: ["pay-*"] } }, mode: "observe" }),
    );
    expect(lines).toHaveLength(Object.keys(documentSchema.shape).length);
    expect(lines.filter((line) => line.startsWith("*")).map((line) => line.split(/\s+/)[1])).toEqual([
      "scope",
      "mode",
    ]);
    expect(lines.join("\n")).toContain("all, but not pay-*");
  });

  for (const [file, text, status, words] of [
    ["good.json", '{"waitForLimit":false}', 0, /\* waitForLimit +.*does not wait/],
    ["bad.json", '{"waitForLimits":false}', 1, /waitForLimits: expected a known key, perhaps waitForLimit/],
  ] as const) {
    test(`is printed by the command line: ${file}, exit status ${status}`, async () => {
      const printed: string[] = [];
      const io = {
        out: (chunk: string) => void printed.push(chunk),
        err: () => {},
        isTty: false,
        env: {},
        readFile: async (path: string) => (path === file ? text : undefined),
        signal: new AbortController().signal,
      };
      expect(await policyCheck({ file, json: false }, io)).toBe(status);
      expect(printed.join("")).toMatch(words);
      expect(await policyCheck({ file, json: true }, io)).toBe(status);
      expect(JSON.parse(printed.at(-1) ?? "")).toMatchObject({
        file,
        kind: status === 0 ? "valid" : "invalid",
      });
      expect(await policyCheck({ file: "absent.json", json: false }, io)).toBe(2);
    });
  }
});

describe("the documentation", () => {
  const sections = new Map(
    documentation
      .split(/^### /m)
      .slice(1)
      .map((section) => [/^`(\w+)`/.exec(section)?.[1], section]),
  );

  test("has a section for each key, and no other", () => {
    expect([...sections.keys()].toSorted()).toEqual(Object.keys(documentSchema.shape).toSorted());
  });

  for (const key of Object.keys(documentSchema.shape)) {
    test(`says the default of ${key}`, () => {
      const value = DEFAULT_DOCUMENT[key as keyof typeof DEFAULT_DOCUMENT];
      const said = value === undefined ? "Default: none" : `Default: \`${JSON.stringify(value)}\``;
      expect(sections.get(key)).toContain(said);
    });
  }

  test("shows a policy that is one", () => {
    const example = /```json\n([\s\S]*?)```/.exec(documentation)?.[1] ?? "";
    expect(checkPolicy(example)).toMatchObject({ kind: "valid" });
  });
});
