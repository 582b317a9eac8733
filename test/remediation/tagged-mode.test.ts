import { describe, expect, test } from "vitest";
import { taggedMode } from "../../src/remediation/tagged-mode.ts";
import type { Mode } from "../../src/substitution/policy.ts";

// biome-ignore format: a table is read by its columns
const table = [
  // policy      tags       service      cluster      mode
  ["remediate", "stricter", "",          "",          "remediate"],
  ["remediate", "stricter", "approve",   "",          "approve"],
  ["remediate", "stricter", "",          "observe",   "observe"],
  ["remediate", "stricter", "remediate", "observe",   "observe"],
  ["remediate", "stricter", "observe",   "approve",   "observe"],
  ["approve",   "stricter", "remediate", "",          "approve"],
  ["observe",   "stricter", "remediate", "remediate", "observe"],
  ["approve",   "stricter", "approve",   "",          "approve"],
  ["remediate", "stricter", "aprove",    "",          "observe"],
  ["remediate", "stricter", " Approve ", "",          "approve"],
  ["remediate", "stricter", "x",         "approve",   "observe"],
  ["observe",   "any",      "",          "",          "observe"],
  ["observe",   "any",      "remediate", "",          "remediate"],
  ["observe",   "any",      "",          "approve",   "approve"],
  ["remediate", "any",      "remediate", "observe",   "remediate"],
  ["remediate", "any",      "approve",   "observe",   "approve"],
  ["remediate", "any",      "x",         "remediate", "observe"],
] as const;

describe("the mode of a service", () => {
  for (const [mode, modeTags, service, cluster, expected] of table) {
    test(`policy ${mode}, ${modeTags} tags, service "${service}", cluster "${cluster}": ${expected}`, () => {
      const tagged = taggedMode({ mode, modeTags }, [
        { name: "the service web", tags: tagsWith(service) },
        { name: "the cluster prod", tags: tagsWith(cluster) },
      ]);
      expect<Mode>(tagged.mode ?? mode).toBe(expected);
    });
  }

  test("says which tag it is by", () =>
    expect(
      taggedMode({ mode: "remediate", modeTags: "stricter" }, [
        { name: "the service web", tags: tagsWith("approve") },
        { name: "the cluster prod", tags: tagsWith("Off") },
      ]).modeBecause,
    ).toBe("the tag repull:mode=off of the cluster prod is no mode, and so counts as observe"));
});

function tagsWith(value: string): Readonly<Record<string, string>> {
  return value === "" ? { team: "shop" } : { team: "shop", "repull:mode": value };
}
