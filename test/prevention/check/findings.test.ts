// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the files that are read have their own variables
/** Which images of a file are findings by a policy, where the tag is a variable too; and what a sentence says of the others. */

import { describe, expect, it } from "vitest";
import { sentenceOf } from "../../../src/prevention/check/finding-words.ts";
import { type Finding, findingsOf } from "../../../src/prevention/check/findings.ts";
import { readSourceFile } from "../../../src/prevention/source-files/read-source-file.ts";
import { DEFAULT_POLICY, type Policy } from "../../../src/substitution/policy/policy.ts";

type Scope = Policy["scope"]["images"];

function findings(path: string, text: string, policy: Policy = DEFAULT_POLICY): readonly Finding[] {
  const file = { path, text };
  const read = readSourceFile(file);
  return read.kind === "read" ? findingsOf(file, read.images, { answers: new Map(), policy }) : [];
}

const scoped = (images: Partial<Scope>): Policy => ({
  ...DEFAULT_POLICY,
  scope: { ...DEFAULT_POLICY.scope, images: { ...DEFAULT_POLICY.scope.images, ...images } },
});
const mapped: Policy = {
  ...DEFAULT_POLICY,
  imageMappings: [{ image: "ghcr.io/acme/*", use: "public.ecr.aws/acme/app", allowDifferentContent: false }],
};

describe("an image whose tag is a variable", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [what: string, from: string, policy: Policy, kinds: readonly string[]][] = [
    ["depends on Docker Hub by its repository",                  "myorg/app:$TAG",          DEFAULT_POLICY,                                   ["depends"]],
    ["is left out by scope.images.exclude",                      "myorg/app:$TAG",          scoped({ exclude: ["docker.io/myorg/*"] }),       []],
    ["is left out by an exclude of its digest's repository",     "myorg/app@$DIGEST",       scoped({ exclude: ["docker.io/myorg/*"] }),       []],
    ["is left out where scope.images.include does not name it",  "myorg/app:$TAG",          scoped({ include: ["docker.io/other/*"] }),       []],
    ["is in where scope.images.include names it",                "myorg/app:$TAG",          scoped({ include: ["docker.io/myorg/*"] }),       ["depends"]],
    ["depends where a row of imageMappings leads away from it",  "ghcr.io/acme/app:$TAG",   mapped,                                           ["depends"]],
    ["of another registry does not depend",                      "ghcr.io/acme/app:$TAG",   DEFAULT_POLICY,                                   []],
    ["depends on Docker Hub where a part of its repository is not known", "myorg/$APP:1",       scoped({ exclude: ["docker.io/myorg/*"] }),       ["depends"]],
    ["is not checkable where its registry is a variable",                   "$REGISTRY/app:1",         DEFAULT_POLICY,                                   ["not-checkable"]],
  ];
  for (const [what, from, policy, kinds] of table)
    it(what, () =>
      expect(findings("Dockerfile", `FROM ${from}\n`, policy).map(({ kind }) => kind)).toEqual(kinds),
    );
});

describe("the sentence of an image that cannot be checked", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [image: string, isVariable: boolean][] = [
    ["$BASE",      true],
    ["Foo:1",      false],
    ["<IMAGE>",    false],
  ];
  for (const [image, isVariable] of table)
    it(`${isVariable ? "blames" : "does not blame"} a variable for ${image}`, () => {
      const [finding] = findings("Dockerfile", `FROM ${image}\n`);
      expect(finding?.kind).toBe("not-checkable");
      expect(finding === undefined ? "" : /variable/.test(sentenceOf(finding))).toBe(isVariable);
    });
});
