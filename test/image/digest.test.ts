import { equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf, isDigest, shortDigest } from "../../src/image/digest.ts";

describe("what is a digest", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    [`sha256:${"0a".repeat(32)}`,   true],
    [`sha512:${"0a".repeat(64)}`,   true],
    [`sha256:${"0a".repeat(31)}`,   false],
    [`sha256:${"0a".repeat(64)}`,   false],
    [`sha512:${"0a".repeat(32)}`,   false],
    [`sha256:${"0A".repeat(32)}`,   false],
    [`sha256:${"0g".repeat(32)}`,   false],
    [`sha256:${"0a".repeat(32)}\n`, false],
    [` sha256:${"0a".repeat(32)}`,  false],
    [`sha1:${"0a".repeat(20)}`,     false],
    ["0a".repeat(32),               false],
    ["",                            false],
    [undefined,                     false],
    [{},                            false],
  ] as const;
  for (const [text, is] of table) {
    test(`${JSON.stringify(text)} ${is ? "is" : "is not"}`, () => equal(isDigest(text), is));
  }
});

test("the digest of nothing is the well-known one", () => {
  equal(digestOf(""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  equal(digestOf(new Uint8Array()), digestOf(""));
});

test("twelve digits are enough for a tag", () => equal(shortDigest(digestOf("")), "e3b0c44298fc"));
