import { describe, expect, it } from "vitest";
import { optedOut } from "../../../src/remediation/survey/opt-out.ts";
import type { Tags } from "../../../src/remediation/survey/tagged-resource.ts";

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, Tags, string | undefined])[] = [
  ["no tag",                             { team: "shop" },                    undefined],
  ["on",                                 { repull: "on" },                    undefined],
  ["True with spaces",                   { repull: " True " },                undefined],
  ["YES",                                { repull: "YES" },                   undefined],
  ["enabled",                            { repull: "enabled" },               undefined],
  ["a marker of a revision",             { "repull:previous-revision": "web:41" },       undefined],
  ["off",                                { repull: "off" },                   "opted-out"],
  ["Off",                                { repull: "Off" },                   "opted-out"],
  ["OFF with spaces",                    { repull: " OFF " },                 "opted-out"],
  ["false",                              { repull: "false" },                 "opted-out"],
  ["no",                                 { repull: "no" },                    "opted-out"],
  ["disabled",                           { repull: "disabled" },              "opted-out"],
  ["never",                              { repull: "never" },                 "opted-out"],
  ["0",                                  { repull: "0" },                     "opted-out"],
  ["off under a key in another case",    { Repull: "off" },                   "opted-out"],
  ["off next to a key that says on",      { repull: "on", REPULL: "off" },     "opted-out"],
  ["an empty value",                     { repull: "" },                      "opt-out-unclear"],
  ["an unknown word",                    { repull: "please" },                "opt-out-unclear"],
  ["1",                                  { repull: "1" },                     "opt-out-unclear"],
  ["a mode",                             { repull: "observe" },               "opt-out-unclear"],
  ["off next to an unknown word",         { REPULL: "please", repull: "off" }, "opted-out"],
];

describe("the tag repull", () => {
  for (const [value, tags, expected] of table) {
    const result = expected === undefined ? "lets Repull act" : `answers ${expected}`;
    it(`${result} when it says: ${value}`, () => {
      expect(optedOut([{ name: "the service web", tags }])?.reason).toBe(expected);
    });
  }

  it("counts on every bearer, and the reason names which", () => {
    const bearers = [
      { name: "the service web", tags: { repull: "on" } },
      { name: "the cluster prod", tags: { repull: "no" } },
    ];
    expect(optedOut(bearers)).toMatchObject({ because: expect.stringContaining("the cluster prod") });
  });
});
