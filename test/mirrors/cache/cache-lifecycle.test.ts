/** The lifecycle of a cache's repositories: what the policy may say, the rules that come of it, and where they must not be. */

import { describe, expect, test } from "vitest";
import { lifecycleOf, patternAt } from "../../../src/mirrors/cache/cache-lifecycle.ts";
import { checkPolicy, explainPolicy } from "../../../src/substitution/policy/explain-policy.ts";
import { readPolicy } from "../../support/policy.ts";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const FIPS = "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com";
const DUAL_STACK = "123456789012.dkr-ecr.us-east-1.on.aws";
const OTHER = "210987654321.dkr.ecr.us-east-1.amazonaws.com";

describe("the lifecycle policy of a cache", () => {
  // biome-ignore format: a table is read by its columns
  for (const [what, said, rules] of [
    ["untagged images alone",            { untaggedDays: 120 },                  [["untagged", 120]]],
    ["all images",                       { pushedDays: 400 },                    [["any", 400]]],
    ["both, the rule for any tag last",  { untaggedDays: 91, pushedDays: 3_650 }, [["untagged", 91], ["any", 3_650]]],
  ] as const)
    test(`expires ${what} by age`, () => {
      const made = JSON.parse(lifecycleOf(said)).rules as readonly {
        readonly rulePriority: number;
        readonly selection: { readonly tagStatus: string; readonly countType: string; readonly countNumber: number };
        readonly action: object;
      }[];
      expect(made.map(({ selection: { tagStatus, countNumber } }) => [tagStatus, countNumber])).toEqual(rules);
      expect(made.map(({ rulePriority }) => rulePriority)).toEqual(
        made.map(({ rulePriority }) => rulePriority).toSorted((one, other) => one - other),
      );
      for (const { selection, action } of made)
        expect([selection.countType, action]).toEqual(["sinceImagePushed", { type: "expire" }]);
    });

  // biome-ignore format: a table is read by its columns
  for (const [what, said] of [
    ["a day less than a quarter needs",   { untaggedDays: 90 }],
    ["more than ten years",               { pushedDays: 3_651 }],
    ["nothing",                           {}],
    ["a rule that goes by pulls",         { unpulledDays: 200 }],
    ["half a day",                        { untaggedDays: 91.5 }],
  ] as const)
    test(`is refused by a check of the policy where it says ${what}`, () => {
      const checked = checkPolicy(JSON.stringify({ mirrors: { cacheLifecycle: said } }));
      const errors = checked.kind === "invalid" ? checked.errors : [];
      expect([...new Set(errors.map(({ path }) => path.split(".").slice(0, 2).join(".")))]).toEqual(["mirrors.cacheLifecycle"]);
    });

  test("is explained by the policy's days, and by nothing where it says none", () => {
    const explained = (mirrors: object) =>
      explainPolicy(readPolicy({ mirrors })).find((line) => line.includes("mirrors")) ?? "";
    expect(explained({ cacheLifecycle: { untaggedDays: 120, pushedDays: 400 } })).toMatch(
      /120 days.*400 days/,
    );
    expect(explained({})).not.toContain("expire");
  });
});

describe("copies that a cache's lifecycle would delete", () => {
  // biome-ignore format: a table is read by its columns
  for (const [what, prefix, pattern, isMet] of [
    ["below the cache",                     "hub",        "hub/{path}",                 true],
    ["below the cache, deeper",             "hub",        "hub/library/{name}",         true],
    ["above the cache",                     "central/hub", "central/{path}",            true],
    ["anywhere",                            "hub",        "{path}",                     true],
    ["by this account's host",              "hub",        `${HOST}/hub/{path}`,         true],
    ["by this account's FIPS host",         "hub",        `${FIPS}/hub/{path}`,         true],
    ["by this account's dual-stack host",   "hub",        `${DUAL_STACK}/hub/{path}`,   true],
    ["of a name that begins alike",         "hub",        "hub-copies/{path}",          false],
    ["apart from the cache",                "hub",        "central/{path}",             false],
    ["in another account's registry",       "hub",        `${OTHER}/hub/{path}`,        false],
    ["in another region's registry",        "hub",        `${HOST.replace("east", "west")}/hub/{path}`, false],
    ["by a name that is filled in halfway", "hub",        "h{name}",                    true],
  ] as const)
    test(`are ${isMet ? "found" : "not found"} ${what}: ${pattern}`, () => {
      expect(patternAt(prefix, ["apart/{path}", pattern], HOST)).toBe(isMet ? pattern : undefined);
    });
});
