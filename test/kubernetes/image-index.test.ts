import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { type IndexRow, packRows, readRows } from "../../src/kubernetes/image-index.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const other = `sha256:${"b".repeat(64)}` as const;
const row: IndexRow = {
  use: `public.ecr.aws/docker/library/nginx@${digest}`,
  proof: "same-index",
  trusted: { digest, from: "origin" },
  askedAt: "2026-11-29T08:00:00Z",
  goodUntil: "2026-11-29T14:00:00Z",
  platforms: ["linux/amd64", "linux/arm64"],
};
const rowsOf = (count: number) =>
  new Map(Array.from({ length: count }, (_, at) => [`docker.io/library/app-${at}:1.${at}`, row] as const));

describe("packRows", () => {
  test("makes one empty object of no rows, so that the policy has something to bind to", () => {
    deepEqual(
      packRows(new Map()).map(({ metadata, spec }) => [metadata.name, spec.rows]),
      [["repull-0", {}]],
    );
  });

  for (const count of [1, 100, 5_000, 20_000]) {
    test(`keeps each of ${count} rows once, in objects of at most 900 kB`, () => {
      const objects = packRows(rowsOf(count));
      const keys = objects.flatMap(({ spec }) => Object.keys(spec.rows));
      equal(keys.length, count);
      deepEqual(readRows(objects), rowsOf(count));
      for (const object of objects) ok(Buffer.byteLength(JSON.stringify(object)) <= 900_000);
    });
  }

  test("changes one object for one new row", () => {
    const [before, after] = [
      packRows(rowsOf(5_000)),
      packRows(new Map([...rowsOf(5_000), ["redis:8", row]])),
    ];
    const changed = after.filter((object, at) => JSON.stringify(object) !== JSON.stringify(before[at]));
    deepEqual([before.length, changed.length], [after.length, 1]);
  });

  for (const [rows, objects] of [
    [1_000, 1],
    [5_000, 2],
    [7_000, 3],
  ] as const)
    test(`needs ${objects} objects for ${rows} rows of the usual size`, () => {
      equal(packRows(rowsOf(rows)).length, objects);
    });

  test("moves rows only to the object that is new, when one more is needed", () => {
    const placeIn = (objects: ReturnType<typeof packRows>) =>
      new Map(
        objects.flatMap(({ metadata, spec }) => Object.keys(spec.rows).map((key) => [key, metadata.name])),
      );
    const [few, many] = [packRows(rowsOf(100), undefined, 60), packRows(rowsOf(100), undefined, 45)];
    ok(many.length > few.length);
    const [before, after] = [placeIn(few), placeIn(many)];
    const names = new Set(few.map(({ metadata }) => metadata.name));
    const moved = [...after].filter(([image, name]) => before.get(image) !== name);
    ok(moved.length > 0 && moved.every(([, name]) => !names.has(name)));
  });

  test("leaves the trusted digest out of a row whose place has that digest, and in all others", () => {
    const child = { ...row, proof: "same-platform", trusted: { digest: other, from: "pod" } } as const;
    const unplaced = { ...row, use: undefined, proof: undefined, codes: ["no-source"] };
    const rows = new Map<string, IndexRow>([
      ["nginx:1.27", row],
      ["redis:7", child],
      ["busybox:1", unplaced],
    ]);
    const stored = Object.assign({}, ...packRows(rows).map(({ spec }) => spec.rows));
    deepEqual(
      [...rows.keys()].map((image) => stored[image].trusted.digest),
      [undefined, other, digest],
    );
    deepEqual(readRows(packRows(rows)), rows);
  });

  test("does not depend on the order of the rows", () => {
    deepEqual(packRows(new Map([...rowsOf(3_000)].toReversed())), packRows(rowsOf(3_000)));
  });

  test("keeps a row whose image is named like a member of every object", () => {
    deepEqual(
      [
        ...readRows(
          packRows(
            new Map([
              ["constructor", row],
              ["toString:1", row],
            ]),
          ),
        ).keys(),
      ].toSorted(),
      ["constructor", "toString:1"],
    );
  });
});

describe("readRows", () => {
  const objectOf = (rows: unknown) => ({ spec: { rows } });

  test("takes of two rows for one image that which was asked later", () => {
    const later = { ...row, askedAt: "2026-11-29T08:00:01Z" };
    for (const rows of [
      [row, later],
      [later, row],
    ]) {
      equal(readRows(rows.map((one) => objectOf({ nginx: one }))).get("nginx")?.askedAt, later.askedAt);
    }
  });

  // biome-ignore format: a table is read by its columns
  const invalid = [
    ["a place without a digest",  { ...row, use: "public.ecr.aws/docker/library/nginx:1.27" }],
    ["a place that is not a name",   { ...row, use: `nginx UPPER@${digest}` }],
    ["an unknown proof",          { ...row, proof: "same-name" }],
    ["a digest of another form",  { ...row, trusted: { digest: "sha256:abc", from: "origin" } }],
    ["no place and no digest",    { ...row, use: undefined, trusted: { from: "origin" } }],
    ["a time without a zone",     { ...row, goodUntil: "2026-11-29T14:00:00" }],
    ["no times",                  { use: row.use, proof: row.proof, platforms: [] }],
    ["no row",                    null],
  ] as const;
  for (const [what, stated] of invalid) {
    test(`leaves out a row with ${what}, and keeps the others`, () => {
      deepEqual([...readRows([objectOf({ nginx: stated, redis: row })]).keys()], ["redis"]);
    });
  }

  test("reads objects without rows as empty", () => {
    equal(readRows([{}, { spec: {} }, { spec: { rows: null } }, objectOf(7)]).size, 0);
  });
});
