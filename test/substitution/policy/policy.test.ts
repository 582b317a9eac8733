import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { policyCheck } from "../../../src/cli/commands/policy/check.ts";
import { checkPolicy, explainPolicy } from "../../../src/substitution/policy/explain-policy.ts";
import {
  DEFAULT_POLICY,
  policyFrom,
  policySchema,
  readPolicy,
} from "../../../src/substitution/policy/policy.ts";

const SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-AbCdEf";
const documentation = readFileSync(
  fileURLToPath(new URL("../../../docs/policy.md", import.meta.url)),
  "utf8",
);

describe("a policy", () => {
  test("has defaults for everything", () => {
    expect(policyFrom({})).toEqual(DEFAULT_POLICY);
    expect(readPolicy({})).toEqual(DEFAULT_POLICY);
    expect(DEFAULT_POLICY).toMatchObject({
      minimumProof: "same-platform",
      pinning: "digest",
      mode: "remediate",
    });
  });

  for (const [setting, value, complaint] of [
    ["REPULL_STRATEGIES", "ecr-copy,magic", "ecr-copy"],
    ["REPULL_LEAST_PROOF", "none", "same-platform"],
    ["REPULL_MIRROR_PREFIX", "Repull", "prefix"],
    ["REPULL_PINNING", "maybe", "digest"],
    ["REPULL_MODE", "panic", "observe"],
    ["REPULL_DOCKER_HUB_SECRET", "hub", "ARN"],
  ] as const) {
    test(`says what ${setting} may be instead of ${value}`, () => {
      expect(() => policyFrom({ [setting]: value })).toThrow(complaint);
      expect(() => policyFrom({ [setting]: value })).toThrow(setting);
    });
  }

  // biome-ignore format: a table is read by its columns
  const wrong: readonly (readonly [because: string, document: unknown, words: readonly string[]])[] = [
    ["an unknown key, with the likely one",       { strategie: [] },                                           ["strategie: expected a known key, perhaps strategies"]],
    ["an unknown key inside another",             { services: { exlude: ["a"] } },                             ["services.exlude: expected a known key, perhaps exclude"]],
    ["an unknown key of a row",                   { imageMappings: [{ image: "a", uses: "b" }] },                ["imageMappings.0.use: expected string, received undefined", "imageMappings.0.uses: expected a known key, perhaps use"]],
    ["a key like no other, with all there are",   { zebra: 1 },                                                ["zebra: expected one of the keys mode, approvalHours, onActiveDeployment"]],
    ["everything at once",                        { mode: "off", pinning: "sha" },                             ["mode: expected one of remediate, approve, observe", "pinning: expected one of digest, tag"]],
    ["other bytes for more than one image",       { imageMappings: [{ image: "a/*", use: "b", allowDifferentContent: true }] }, ["imageMappings.0.image: expected an image without *"]],
    ["one repository for every image",            { additionalCopyRepositories: ["central/nginx"] },                               ["additionalCopyRepositories.0: expected a repository with {path} or {name}"]],
    ["a role that is none",                       { executionRole: "admin" },                                  ["executionRole: expected the ARN of a role"]],
    ["no strategies at all",                      { strategies: [] },                                          ["strategies:"]],
    ["a quota of images, which is no more",         { quotas: { imagesPerDay: 5 } },                               ["quotas.imagesPerDay: expected a known key"]],
    ["windows of one's own, which are no more",   { windows: {} },                                             ["windows: expected"]],
    ["an unknown quota",                            { quotas: { remediationsPerHours: 5 } },                       ["quotas.remediationsPerHours: expected a known key, perhaps remediationsPerHour"]],
    ["a size without its unit, or a whole quota",   { quotas: { bytesPerDay: "200", remediationsPerHour: 0 } },    ["quotas.bytesPerDay: expected a size such as 500MB", "quotas.remediationsPerHour: expected number to be >=1"]],
  ];
  for (const [because, document, words] of wrong) {
    test(`complains of ${because}`, () => {
      const checked = checkPolicy(JSON.stringify(document));
      expect(checked.kind).toBe("invalid");
      for (const word of words) expect(checked.lines.join("\n")).toContain(word);
      expect(() => readPolicy(document)).toThrow();
    });
  }

  test("that is no JSON, or no object, is none", () => {
    for (const text of ["", "{", "[]", "null", "7", '"mode"'])
      expect(checkPolicy(text), text).toMatchObject({ kind: "invalid" });
  });

  test("is read when a byte order mark comes before it", () => {
    const document = '\uFEFF{"mode":"observe"}';
    expect(checkPolicy(document).kind).toBe("valid");
    expect(policyFrom({}, document).mode).toBe("observe");
  });

  test("takes what the document says before what the stack says, key by key", () => {
    const policy = policyFrom(
      { REPULL_MODE: "observe", REPULL_PINNING: "tag", REPULL_DOCKER_HUB_SECRET: SECRET },
      '{"pinning":"digest","services":{"exclude":["pay-*"]}}',
    );
    expect(policy).toMatchObject({
      mode: "observe",
      pinning: "digest",
      dockerHubSecret: SECRET,
      services: { include: ["*"], exclude: ["pay-*"] },
    });
  });

  test("names the key of the document, not the stack's setting, where the document is wrong", () => {
    expect(() => policyFrom({ REPULL_PINNING: "tag" }, '{"pinning":"no"}')).toThrow(/^(?!.*REPULL).*pinning/);
  });

  // biome-ignore format: a table is read by its columns
  const rights = [
    ["standaloneTasks", "REPULL_STANDALONE_TASKS", "report",  "run",          "report"],
    ["standaloneTasks", "REPULL_STANDALONE_TASKS", "run",     "register",     "register"],
    ["schedules",       "REPULL_SCHEDULES",        "move",    "move-and-run", "move"],
    ["schedules",       "REPULL_SCHEDULES",        undefined, "move-and-run", "move-and-run"],
    ["mode",            "REPULL_MODE",             "observe", "remediate",    "observe"],
    ["mode",            "REPULL_MODE",             "approve", "remediate",    "approve"],
    ["mode",            "REPULL_MODE",             "remediate", "observe",    "observe"],
    ["mode",            "REPULL_MODE",             undefined, "approve",      "approve"],
  ] as const;
  for (const [member, setting, parameter, document, effective] of rights) {
    test(`${member}: the stack's ${parameter ?? "silence"} and a document's ${document} make ${effective}`, () => {
      const policy = policyFrom({ [setting]: parameter }, JSON.stringify({ [member]: document }));
      expect(policy[member]).toBe(effective);
    });
  }

  test("puts ecr-copy before mirror, whose copies it finds", () => {
    expect(readPolicy({ strategies: ["mirror"] }).strategies).toEqual(["ecr-copy", "mirror"]);
  });
});

describe("an explained policy", () => {
  test("has a line for each key, and marks what is not the default", () => {
    const lines = explainPolicy(readPolicy({ services: { exclude: ["pay-*"] }, mode: "observe" }));
    expect(lines).toHaveLength(Object.keys(policySchema.shape).length);
    expect(lines.filter((line) => line.startsWith("*")).map((line) => line.split(/\s+/)[1])).toEqual([
      "mode",
      "services",
    ]);
    expect(lines.join("\n")).toContain("all, but not pay-*");
  });

  for (const [file, text, status, words] of [
    ["good.json", '{"pinning":"tag"}', 0, /\* pinning +a substitute is written by a tag/],
    ["bad.json", '{"pining":"tag"}', 1, /pining: expected a known key, perhaps pinning/],
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
    expect([...sections.keys()].toSorted()).toEqual(Object.keys(policySchema.shape).toSorted());
  });

  for (const key of Object.keys(policySchema.shape)) {
    test(`tells the default of ${key}`, () => {
      const value = DEFAULT_POLICY[key as keyof typeof DEFAULT_POLICY];
      const said = value === undefined ? "Default: none" : `Default: \`${JSON.stringify(value)}\``;
      expect(sections.get(key)).toContain(said);
    });
  }

  test("shows a policy that is one", () => {
    const example = /```json\n([\s\S]*?)```/.exec(documentation)?.[1] ?? "";
    expect(checkPolicy(example)).toMatchObject({ kind: "valid" });
  });
});
