import { describe, expect, test } from "vitest";
import { modeFromTags } from "../../../src/remediation/survey/mode-override.ts";
import type { Mode } from "../../../src/substitution/policy/policy.ts";

// biome-ignore format: a table is read by its columns
const table = [
  // policy      service      cluster      mode
  ["remediate", "",          "",          "remediate"],
  ["remediate", "approve",   "",          "approve"],
  ["remediate", "",          "observe",   "observe"],
  ["remediate", "remediate", "observe",   "observe"],
  ["remediate", "observe",   "approve",   "observe"],
  ["approve",   "remediate", "",          "approve"],
  ["observe",   "remediate", "remediate", "observe"],
  ["approve",   "approve",   "",          "approve"],
  ["remediate", "aprove",    "",          "observe"],
  ["remediate", " Approve ", "",          "approve"],
  ["remediate", "x",         "approve",   "observe"],
] as const;

describe("the mode of a service", () => {
  for (const [mode, service, cluster, expected] of table) {
    test(`policy ${mode}, service "${service}", cluster "${cluster}": ${expected}`, () => {
      const tagged = modeFromTags({ mode }, [
        { name: "the service web", tags: tagsWith(service) },
        { name: "the cluster prod", tags: tagsWith(cluster) },
      ]);
      expect<Mode>(tagged.mode ?? mode).toBe(expected);
    });
  }

  test("says which tag it is by", () =>
    expect(
      modeFromTags({ mode: "remediate" }, [
        { name: "the service web", tags: tagsWith("approve") },
        { name: "the cluster prod", tags: tagsWith("Off") },
      ]).modeBecause,
    ).toBe("the tag repull:mode=off of the cluster prod names no mode, which counts as observe"));
});

function tagsWith(value: string): Readonly<Record<string, string>> {
  return value === "" ? { team: "shop" } : { team: "shop", "repull:mode": value };
}
