// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** Files that are made to hurt: each is read or refused, quickly, and none throws. */

import { describe, expect, it } from "vitest";
import { imagesIn } from "../../support/source-images.ts";

const times = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join("");
const aliases = (name: string): string => Array(9).fill(`*${name}`).join(", ");
const bomb = `a0: &a0 [x, x, x]\n${times(9, (at) => `a${at + 1}: &a${at + 1} [${aliases(`a${at}`)}]\n`)}`;
const compose = (image: string): string => `services: {a: {image: ${image}}}\n`;
const MB = 1024 * 1024;

// biome-ignore format: a table is read by its columns
const table: readonly [what: string, path: string, text: string, found: readonly string[]][] = [
  ["a bomb of aliases",                 "a.yaml",       bomb,                                                   ["unreadable at 7"]],
  ["a bomb of aliases in an image",     "a.yaml",       `${bomb}services: {a: {image: *a9}}\n`,                 ["unreadable at 7"]],
  ["a bomb of merges",                  "a.yaml",       `x0: &x0 {image: a}\n${times(3000, (at) => `x${at + 1}: &x${at + 1} {k${at}: 1, <<: *x${at}}\n`)}`, ["unreadable at 1"]],
  ["half a million aliases",            "a.yaml",       `image: &z q\na:\n${" - *z\n".repeat(500_000)}`,        ["unreadable at 1"]],
  ["half a million tags",               "a.yaml",       `image: ${"!a ".repeat(500_000)}`,                      ["unreadable at 1"]],
  ["a hundred thousand documents",      "a.yaml",       "---\nimage: a\n".repeat(100_000),                      ["unreadable at 1"]],
  ["a hundred thousand marks of documents", "a.yaml", `image: x\n${"---\n".repeat(100_000)}`,                 ["unreadable at 1"]],
  ["seven hundred thousand directives", "a.yaml",     `${"%A b\n".repeat(700_000)}---\nimage: x\n`,          ["unreadable at 1"]],
  ["4 MB of lists in a list",           "a.yaml",       `image: [${"[],".repeat(1_390_000)}]\n`,                ["unreadable at 1"]],
  ["4 MB of names in a list",           "a.yaml",       `image: [${"a,".repeat(2_090_000)}]\n`,                 ["unreadable at 1"]],
  ["300,000 keys on one line",          "a.yaml",       `image: {${times(300_000, (at) => `a${at}: 1,`)}}\n`,   ["unreadable at 1"]],
  ["4 MB of lists of one line",         "a.yaml",       `image:\n${"- [a, b, c]\n".repeat(340_000)}`,           ["unreadable at"]],
  ["4 MB of the same key",              "a.yaml",       `image: x\n${"a: b\n".repeat(830_000)}`,               ["unreadable at"]],
  ["4 MB of explicit keys",             "a.yaml",       `image: x\n${"? a\n: b\n".repeat(520_000)}`,           ["unreadable at"]],
  ["4 MB of closing brackets",          "a.yaml",       `image: [x${"}".repeat(4_190_000)}`,                    ["unreadable at 1"]],
  ["4 MB of lines of closing brackets", "a.yaml",       `image: x\n${"}\n".repeat(2_090_000)}`,                ["unreadable at 2"]],
  ["4 MB of colons",                    "a.yaml",       `image: x\nb: ${": ".repeat(2_090_000)}`,              ["unreadable at 2"]],
  ["4 MB of comments",                  "a.yaml",       `image: x\n${"# a\n".repeat(1_040_000)}`,              ["unreadable at"]],
  ["4 MB of empty lines",               "a.yaml",       `image: x\n${"\n".repeat(4_190_000)}`,                 ["unreadable at"]],
  ["9,000 merges of one object",        "compose.yaml", `x-a: &a {image: b}\nservices:\n${times(9000, (at) => ` s${at}: {<<: *a}\n`)}`, ["1:17 services.s0.image b"]],
  ["merges of merges",                  "a.yaml",       `image: &a0 {${times(100, (at) => `k${at}: 1,`)}}\n${times(3000, (at) => `a${at + 1}: &a${at + 1} {<<: *a${at}, n${at}: 1}\n`)}`, ["unreadable at"]],
  ["4 MB of dollars in an image",       "compose.yaml", compose(`'${"$(".repeat(2_090_000)}'`),                  ["1:"]],
  ["4 MB of variables in an image",     ".github/workflows/a.yml", `on: push\njobs: {a: {container: '${"$a".repeat(2_090_000)}'}}\n`, ["2:"]],
  ["4 MB of variables in a template",   "a.yaml",       `Resources: {T: {Type: 'AWS::ECS::TaskDefinition', Properties: {ContainerDefinitions: [{Image: !Sub '${"${a}".repeat(1_000_000)}'}]}}}`, ["1:"]],
  ["a matrix of 2,000 to the tenth",    ".github/workflows/a.yml", `on: push\njobs: {a: {strategy: {matrix: {${times(10, (at) => `k${at}: [${"a,".repeat(2000)}],`)}}}, container: '${times(10, (at) => `\${{ matrix.k${at} }}`)}'}}\n`, ["2:"]],
  ["an alias of itself",                "compose.yaml",       "services: &s {a: *s, b: {image: nginx}}\n",            ["1:33 services.b.image nginx"]],
  ["an alias of nothing",               "a.yaml",       compose("*none"),                                       ["unreadable at 1"]],
  ["a million brackets",                "a.yaml",       `image: ${"[".repeat(MB)}`,                             ["unreadable at 1"]],
  ["a million lists in lists",          "a.yaml",       `image: x\na: ${"- ".repeat(MB / 2)}`,                  ["unreadable at 2"]],
  ["two thousand levels of blocks",     "a.yaml",       `image: x\n${times(2000, (at) => `${" ".repeat(at)}a:\n`)}`, ["unreadable at"]],
  ["two million brackets of JSON",      "a.json",       `{"image":${"[".repeat(2 * MB)}${"]".repeat(2 * MB)}}`, ["skipped unknown-kind"]],
  ["brackets next to an image of JSON",  "a.json",       `{"services":{"a":{"image":"b:1"}},"x-a":${"[".repeat(MB)}${"]".repeat(MB)}}`, ["unreadable at 1"]],
  ["a NUL in YAML",                     "a.yaml",       `${compose("nginx")}\u0000`,                            ["unreadable at 2"]],
  ["a NUL in a Dockerfile",             "Dockerfile",   "FROM a:1\nRUN \u0000\n",                               ["unreadable at 2"]],
  ["keys that are there twice",         "a.yaml",       "services:\n  a: {image: x}\n  a: {image: y}\n",        ["unreadable at 3"]],
  ["a text without an end",             "a.yaml",       compose('"nginx'),                                      ["unreadable at"]],
  ["JSON with a comma too many",        "a.json",       '{"services": {"a": {"image": "nginx"},}}',             ["unreadable at 1"]],
  ["the name __proto__",                "a.yaml",       "services:\n  __proto__: {image: a:1}\n  constructor: {image: b:1}\n", ["2:22 services.__proto__.image a:1", "3:24 services.constructor.image b:1"]],
  ["a Dockerfile of 200 kB",            "Dockerfile",   `FROM a:1\n${"RUN x \\\n".repeat(25_000)}`,             ["unreadable at 1"]],
  ["fifteen thousand continued lines",  "Dockerfile",   `FROM a:1\n${"RUN x \\\n".repeat(15_000)}`,             ["1:6 FROM a:1"]],
  ["arguments that double",             "Dockerfile",   `ARG A=xx\n${times(40, (at) => `ARG A${at}=$A${at || ""}$A${at || ""}\n`)}FROM $A39\n`, ["42:6 FROM $A39 (not-checkable)"]],
  ["an argument of itself",             "Dockerfile",   "ARG A=$A\nFROM $A\n",                                  ["2:6 FROM $A (not-checkable)"]],
  ["variables in variables",            "Dockerfile",   `FROM ${"${A:-".repeat(10_000)}x\n`,                    ["1:6 FROM"]],
  ["a variable in each other",          ".gitlab-ci.yml", "variables: {A: $B, B: $A}\nt: {image: $A, script: [x]}\n", ["2:12 t.image $A (not-checkable)"]],
  ["branches that double",              "a.yaml",       `Resources: {T: {Type: 'AWS::ECS::TaskDefinition', Properties: {ContainerDefinitions: [{Image: !Join ['', [${"!If [c, a, b],".repeat(40)}]]}]}}}`, ["1:"]],
  ["a function of itself",              "a.yaml",       "Resources: {T: {Type: 'AWS::ECS::TaskDefinition', Properties: {ContainerDefinitions: [{Image: &i !If [c, *i, *i]}]}}}", ["1:103"]],
  ["a block of HCL without an end",     "docker-bake.hcl", 'target "a" {\n contexts = {'.repeat(50_000),        ["unreadable at"]],
  ["a heredoc without an end",          "docker-bake.hcl", "a = <<A\n".repeat(100_000),                         ["unreadable at"]],
];

/**
 * Of the processor, whatever else runs on the machine. The issue's second, and room for a machine of half the speed: what was
 * not bounded took ten seconds to minutes.
 */
const CPU_SECONDS_MAX = 3;

describe("a hostile file", () => {
  for (const [what, path, text, found] of table)
    it(`is read or refused: ${what}`, { timeout: 30_000 }, () => {
      const began = process.cpuUsage();
      const rows = imagesIn(path, text).map((row) => row.slice(0, 200));
      const { user, system } = process.cpuUsage(began);
      expect((user + system) / 1_000_000).toBeLessThan(CPU_SECONDS_MAX);
      expect(rows.slice(0, found.length).map((row, at) => row.startsWith(found[at] ?? "") || row)).toEqual(
        found.map(() => true),
      );
    });
});

describe("a large file that is not hostile", () => {
  it("is read where it has 4 MB of custom resource definitions", { timeout: 30_000 }, () => {
    // As dense as Argo CD's, which have 113,000 words, marks and line ends in each MB.
    const field = (at: number): string =>
      `            field${at}:\n              description: Says how many of the replicas may be away while the ${at}th is updated.\n              type: string\n`;
    const crd = `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  versions:\n  - schema:\n      openAPIV3Schema:\n        properties:\n          image:\n${times(26_000, field)}`;
    expect(crd.length).toBeGreaterThan(3.6 * MB);
    expect(imagesIn("crd.yaml", crd)).toEqual([]);
  });
});
