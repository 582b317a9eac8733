/** The policy's list of images that are kept copied: what it takes, and what a check says of the rest. */

import { describe, expect, test } from "vitest";
import { checkPolicy } from "../../../src/substitution/policy/explain-policy.ts";
import { neededRights } from "../../../src/substitution/policy/needed-rights.ts";
import { readDocument } from "../../../src/substitution/policy/policy.ts";
import { newestFirst, versionOf } from "../../../src/substitution/policy/version-range.ts";

const checked = (images: unknown) => checkPolicy(JSON.stringify({ mirrors: { images } }));

describe("mirrors.images", () => {
  // biome-ignore format: a table is read by its columns
  const wrong: readonly (readonly [what: string, images: unknown, path: string])[] = [
    ["an image with a tag",               [{ image: "nginx:1.27", tags: ["1"] }],                        "mirrors.images.0.image"],
    ["an image with a digest",            [{ image: "nginx@sha256:aa", tags: ["1"] }],                   "mirrors.images.0.image"],
    ["neither tags nor a range",          [{ image: "nginx" }],                                          "mirrors.images.0"],
    ["a range that is none",              [{ image: "nginx", semver: "^1" }, { image: "a", semver: "about 2" }], "mirrors.images.1.semver"],
    ["a range with other characters",     [{ image: "nginx", semver: "1; rm" }],                         "mirrors.images.0.semver"],
    ["no platform",                       [{ image: "nginx", tags: ["1"], platforms: [] }],              "mirrors.images.0.platforms"],
    ["more than fifty of one entry",      [{ image: "nginx", tags: ["*"], newest: 51 }],                 "mirrors.images.0.newest"],
    ["an unknown member",                 [{ image: "nginx", tag: ["1"] }],                              "mirrors.images.0.tag"],
    ["5,000 entries",                     Array.from({ length: 5_000 }, () => ({ image: "nginx", tags: ["1"] })), "mirrors.images"],
  ];
  for (const [what, images, path] of wrong)
    test(`takes not ${what}, and says where it is`, () => {
      const check = checked(images);
      expect(check.kind === "invalid" && check.errors.map((error) => error.path)).toContain(path);
    });

  test("takes repositories of every registry, globs, ranges and platforms, and needs a place for copies", () => {
    const images = [
      { image: "nginx", semver: ">=1.25 <2 || ^3" },
      { image: "ghcr.io/acme/web", tags: ["1.*", "stable"], newest: 3, platforms: ["linux/arm64"] },
      { image: "registry.example:5000/a/b", tags: ["1"] },
      {
        image: "mcr.microsoft.com/windows/nanoserver",
        tags: ["ltsc2022"],
        platforms: ["windows(10.0.20348)/amd64"],
      },
    ];
    expect(checked(images).kind).toBe("valid");
    const { mirrors } = readDocument({ mirrors: { images } });
    expect(mirrors.images[0]).toEqual({
      image: "nginx",
      tags: [],
      semver: ">=1.25 <2 || ^3",
      newest: 10,
      platforms: ["linux/amd64"],
    });
    const keys = (document: object) => neededRights(readDocument(document)).map(({ key }) => key);
    expect(keys({ mirrors: { images } })).toContain("mirrors.images");
    expect(keys({})).not.toContain("mirrors.images");
  });

  test("is a document that the functions read, whatever its range", () => {
    expect(
      readDocument({ mirrors: { images: [{ image: "nginx", semver: "about 2" }] } }).mirrors.images,
    ).toHaveLength(1);
  });
});

describe("versionOf", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [tag: string, version: string | undefined, isVariant?: boolean])[] = [
    ["17",             "17.0.0",     false],
    ["1.27",           "1.27.0",     false],
    ["v1.27.3",        "1.27.3",     false],
    ["1.27-alpine3.2", "1.27.0",     true],
    ["2024.10.7",      "2024.10.7",  false],
    ["20240101",       undefined],
    ["01.2",           undefined],
    ["1.2.3.4",        undefined],
    ["latest",         undefined],
    ["",               undefined],
  ];
  for (const [tag, version, isVariant] of table)
    test(`of ${tag || "nothing"} is ${version ?? "no version"}`, () =>
      expect(versionOf(tag)).toEqual(version === undefined ? undefined : { version, isVariant }));

  test("puts the newest first, whatever order a registry lists", () => {
    const tags = ["latest", "1.9", "1.10", "1.10.0", "b", "2"];
    expect(tags.toSorted(newestFirst)).toEqual(["2", "1.10.0", "1.10", "1.9", "latest", "b"]);
  });
});
