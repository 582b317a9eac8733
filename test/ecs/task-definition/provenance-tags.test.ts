import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isTagValue,
  type ProvenanceTags,
  parseTags,
  serviceTag,
  toTags,
} from "../../../src/ecs/task-definition/provenance-tags.ts";
import type { Digest } from "../../../src/image/digest.ts";

const SHA: Digest = `sha256:${"ab".repeat(32)}`;
const OTHER: Digest = `sha256:${"cd".repeat(32)}`;

test("a marker is a few tags that a person can read, the most important first", () => {
  const images = [
    { image: "nginx:1.25", digest: SHA },
    { image: "fluent/fluent-bit:3.0", digest: OTHER },
    { image: "nginx:1.25", digest: SHA },
  ];
  expect(
    toTags({ execution: "r-1", previousRevision: "web:41", service: "prod/storefront", images }),
  ).toEqual([
    { key: "repull:execution", value: "r-1" },
    { key: "repull:previous-revision", value: "web:41" },
    { key: "repull:service", value: "prod/storefront" },
    { key: "repull:image-1", value: `nginx:1.25 ${SHA}` },
    { key: "repull:image-2", value: `fluent/fluent-bit:3.0 ${OTHER}` },
  ]);
});

// biome-ignore format: a table is read by its columns
const SERVICES: readonly (readonly [cluster: string, service: string, length: number])[] = [
  ["prod",          "web",           8],
  ["c".repeat(127), "s".repeat(128), 256],
  ["c".repeat(128), "s".repeat(128), 217],
  ["c".repeat(255), "s".repeat(255), 217],
];
for (const [cluster, service, length] of SERVICES) {
  test(`the tag of a service with ${cluster.length} and ${service.length} letters is one that AWS takes, and no other service has it`, () => {
    const tag = serviceTag(cluster, service);
    expect([tag.length, isTagValue(tag)]).toEqual([length, true]);
    expect(serviceTag(cluster, `${service.slice(0, -1)}x`)).not.toBe(tag);
  });
}

const name = (letters: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...letters), minLength, maxLength });
const image = fc
  .tuple(
    name("abc019", 1, 20),
    name("abc019", 1, 40),
    fc.option(name("abcXYZ019", 1, 60), { nil: undefined }),
  )
  .map(([host, path, tag]) => `${host}.example/${path}${tag === undefined ? "" : `:${tag}`}`);
const marker: fc.Arbitrary<ProvenanceTags> = fc.record(
  {
    execution: name("abcXYZ019-_", 1, 64),
    previousRevision: fc
      .tuple(name("abcXYZ019-_", 1, 245), fc.integer({ min: 1, max: 999_999 }))
      .map((parts) => parts.join(":")),
    service: fc
      .tuple(name("abcXYZ019-_", 1, 255), name("abcXYZ019-_", 1, 255))
      .map(([cluster, service]) =>
        serviceTag(`arn:aws:ecs:us-east-1:123456789012:cluster/${cluster}`, service),
      ),
    images: fc.uniqueArray(
      fc.record(
        { image, digest: fc.constantFrom(SHA, OTHER), trusted: fc.constantFrom(SHA, OTHER) },
        { requiredKeys: ["image", "digest"] },
      ),
      {
        maxLength: 12,
        selector: (marked) => `${marked.image} ${marked.digest} ${marked.trusted}`,
      },
    ),
  },
  { requiredKeys: ["execution", "images"] },
);

test("what an image meant is recorded as long as there is room for it, and the rest without it", () => {
  const marked = { digest: SHA, trusted: OTHER };
  const [, short, long] = toTags({
    execution: "r-1",
    images: [
      { image: "nginx:1.25", ...marked },
      { image: `${"a".repeat(120)}:1`, ...marked },
    ],
  });
  expect(short?.value).toBe(`nginx:1.25 ${SHA} ${OTHER}`);
  expect(long?.value).toBe(`${"a".repeat(120)}:1 ${SHA}`);
});

test("what is written is read again, in whatever order ECS answers", () => {
  fc.assert(
    fc.property(marker, (written) => {
      expect(parseTags(toTags(written).toReversed())).toEqual(written);
    }),
  );
});

test("every value is one that AWS takes, however long the names", () => {
  const long = fc.record({
    execution: name("abc", 1, 64),
    previousRevision: name("abc", 250, 255).map((family) => `${family}:123456`),
    images: fc.array(
      fc.record({ image: fc.oneof(image, fc.string({ maxLength: 400 })), digest: fc.constant(SHA) }),
    ),
  });
  fc.assert(
    fc.property(long, (written) => {
      const tags = toTags(written);
      expect(tags.filter(({ value }) => !isTagValue(value))).toEqual([]);
      expect(tags[1]?.value).toMatch(/:123456$/);
    }),
  );
});

describe("tags that may have been edited", () => {
  const execution = { key: "repull:execution", value: "r-1" };
  // biome-ignore format: a table
  const table = [
    ["none",                         [],                                                               undefined],
    ["no execution",                 [{ key: "repull:previous-revision", value: "web:41" }],                      undefined],
    ["an execution that is none",    [{ key: "repull:execution", value: "r 1; rm" }],                  undefined],
    ["an execution without end",     [{ key: "repull:execution", value: "r".repeat(65) }],             undefined],
    ["an execution alone",           [execution],                                                      { execution: "r-1", images: [] }],
    ["a malformed former revision",  [execution, { key: "repull:previous-revision", value: "arn:aws:x" }],        { execution: "r-1", images: [] }],
    ["a malformed service",          [execution, { key: "repull:service", value: "a" }],               { execution: "r-1", images: [] }],
    ["an image without a digest",    [execution, { key: "repull:image-1", value: "nginx" }],           { execution: "r-1", images: [{ image: "nginx" }] }],
    ["an image with a bad digest",   [execution, { key: "repull:image-1", value: "nginx sha256:1" }],  { execution: "r-1", images: [] }],
    ["more words than three",        [execution, { key: "repull:image-1", value: `nginx ${SHA} ${SHA} x` }],  { execution: "r-1", images: [] }],
    ["a meaning that is not a digest",  [execution, { key: "repull:image-1", value: `nginx ${SHA} x` }],  { execution: "r-1", images: [] }],
    ["an image that is none",        [execution, { key: "repull:image-1", value: `NGINX! ${SHA}` }],   { execution: "r-1", images: [] }],
    ["a number that is none",        [execution, { key: "repull:image-x", value: `nginx ${SHA}` }],    { execution: "r-1", images: [] }],
  ] as const;
  for (const [what, tags, expected] of table) {
    test(`${what}: ${expected === undefined ? "no marker" : "what still makes sense"}`, () => {
      expect(parseTags(tags)).toEqual(expected);
    });
  }

  test("never throw", () => {
    const key = fc.oneof(
      fc.constantFrom(
        "repull:execution",
        "repull:previous-revision",
        "repull:service",
        "repull:image-1",
        "__proto__",
      ),
      fc.string(),
    );
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom("r-1", "web:41", `nginx ${SHA}`, "x".repeat(100_000)),
    );
    fc.assert(fc.property(fc.array(fc.record({ key, value })), (tags) => void parseTags(tags)));
  });
});
