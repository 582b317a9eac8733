/** Which tags an entry of the policy's list `mirrors.images` means, and which are copied first. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import type { ImageUse } from "../../../src/mirrors/facts.ts";
import { readWanted } from "../../../src/mirrors/refresh/read-wanted.ts";
import { tagsOfEntry } from "../../../src/mirrors/refresh/wanted-tags.ts";
import { RegistryError } from "../../../src/oci/client/registry-error.ts";
import { wantedImageSchema } from "../../../src/substitution/policy/wanted-images.ts";

const LISTED = [
  ...["latest", "1", "1.26", "1.26.3", "1.27", "1.27.0", "1.27.3", "1.27.10", "v1.28.0", "2.0.0-rc.1", "2.0"],
  ...["1.27-alpine", "1.27.3-alpine", "1.28.0-alpine", "alpine", "20240101", "nightly-7", "nightly-12"],
];
const entry = (said: object) => wantedImageSchema.parse({ image: "nginx", ...said });

describe("tagsOfEntry", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, said: object, tags: readonly string[]])[] = [
    ["tags that are written out, listed or not",         { tags: ["1.27", "gone"] },                          ["1.27", "gone"]],
    ["a pattern, by name where it has no versions",      { tags: ["nightly-*"] },                             ["nightly-12", "nightly-7"]],
    ["a written tag next to a pattern",                   { tags: ["latest", "1.26*"] },                       ["latest", "1.26.3", "1.26"]],
    ["a range, the newest first, without variants",      { semver: "^1.27" },                                 ["v1.28.0", "1.27.10", "1.27.3", "1.27.0", "1.27"]],
    ["a range of one minor version",                     { semver: "~1.26" },                                 ["1.26.3", "1.26"]],
    ["a range with a choice",                            { semver: "1.26.x || >=2" },                         ["2.0", "1.26.3", "1.26"]],
    ["a range of one variant",                           { tags: ["*-alpine"], semver: "^1.27" },             ["1.28.0-alpine", "1.27.3-alpine", "1.27-alpine"]],
    ["the newest of a range",                            { semver: "^1.27", newest: 2 },                      ["v1.28.0", "1.27.10"]],
    ["no date for a version",                            { semver: ">=3" },                                   []],
    ["nothing that no pattern matches",                  { tags: ["3.*"] },                                   []],
  ];
  for (const [what, said, tags] of table)
    test(`takes ${what}`, () => deepEqual(tagsOfEntry(entry(said), LISTED), tags));
});

const users = (...images: readonly string[]): readonly ImageUse[] =>
  images.map((image, index) => ({ place: "services", by: `s${index}`, image }));

describe("readWanted", () => {
  test("puts what most services run first, then images whose other tags they run, then the policy's order", async () => {
    const entries = ["redis", "postgres", "nginx", "busybox"].map((image) =>
      wantedImageSchema.parse({ image, tags: ["1"] }),
    );
    const { missing } = await readWanted(
      entries,
      [],
      users("nginx:1", "docker.io/library/nginx:1", "postgres:2", "postgres:3", "postgres:4"),
      { listTags: async () => ({ tags: [], isWhole: true }) },
      () => true,
    );
    deepEqual(
      missing.map(({ source }) => source.path),
      ["library/nginx", "library/postgres", "library/redis", "library/busybox"],
    );
  });

  test("asks for no list of an empty policy, and for one list of each repository of a long one", async () => {
    const asked: string[] = [];
    const lists = {
      listTags: async ({ path }: { readonly path: string }) => {
        asked.push(path);
        return { tags: ["1.0", "1.1"], isWhole: true };
      },
    };
    deepEqual((await readWanted([], [], [], lists, () => true)).missing, []);
    equal(asked.length, 0);
    const many = Array.from({ length: 5_000 }, (_, index) =>
      wantedImageSchema.parse({ image: `acme/app${index % 100}`, semver: "^1" }),
    );
    const { missing } = await readWanted(many, [], [], lists, () => true);
    equal(missing.length, 200);
    equal(asked.length, 100);
  });

  // biome-ignore format: a table is read by its columns
  const problems: readonly (readonly [what: string, said: object, code: string])[] = [
    ["a repository that is not there",          { semver: "^1" },                    "tags-unread"],
    ["a range that is none",                    { semver: "one", image: "there" },   "range-not-understood"],
    ["a range that holds no tag",               { semver: "^9", image: "there" },    "no-tag-matches"],
    ["a list that does not end",                { semver: "^1", image: "endless" },  "tags-cut"],
    ["a name that is none",                     { tags: ["1"], image: "UPPER/Case" }, "image-not-understood"],
  ];
  for (const [what, said, code] of problems)
    test(`reports ${code} for ${what}, and goes on with the others`, async () => {
      const lists = {
        listTags: async ({ path }: { readonly path: string }) =>
          path.endsWith("nginx") ? undefined : { tags: ["1.0"], isWhole: !path.endsWith("endless") },
      };
      const read = await readWanted([entry(said), entry({ tags: ["2"] })], [], [], lists, () => true);
      deepEqual(
        read.problems.map((one) => one.code),
        [code],
      );
      equal(read.names.has("docker.io/library/nginx:2"), true);
    });

  test("asks a registry that refuses because of a limit for no further list", async () => {
    let asked = 0;
    const lists = {
      listTags: async () => {
        asked += 1;
        throw new RegistryError("limit", { kind: "rate-limited", host: "docker.io" });
      },
    };
    const entries = Array.from({ length: 50 }, (_, index) =>
      wantedImageSchema.parse({ image: `acme/app${index}`, semver: "^1" }),
    );
    const { problems } = await readWanted(entries, [], [], lists, () => true);
    equal(problems.length, 50);
    equal(asked <= 4, true);
  });
});
