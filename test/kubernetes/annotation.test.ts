import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import {
  annotationKey,
  annotationValue,
  isOurAnnotation,
  parseAnnotation,
} from "../../src/kubernetes/annotation.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const note = { digest, proof: "same-index", witness: "pod", askedAt: "2026-11-29T08:00:00Z" };

describe("the annotation of a swap", () => {
  for (const image of ["nginx:1.27", "docker.io/library/nginx", "a image with  spaces"]) {
    test(`is read back as it was written: ${image}`, () => {
      deepEqual(parseAnnotation(annotationValue({ image, ...note })), { image, ...note });
    });
  }

  test("has the five words of its format, in order", () => {
    equal(
      annotationValue({ image: "nginx", ...note }),
      `nginx ${digest} same-index pod 2026-11-29T08:00:00Z`,
    );
  });

  // biome-ignore format: a table is read by its columns
  const others = [
    ["no text",              undefined],
    ["four words",           `${digest} same-index pod 2026-11-29T08:00:00Z`],
    ["no digest",            "nginx sha256:abc same-index pod 2026-11-29T08:00:00Z"],
    ["an empty word",        `nginx ${digest} same-index  2026-11-29T08:00:00Z`],
    ["the empty text",       ""],
  ] as const;
  for (const [what, value] of others) {
    test(`is not read from ${what}`, () => equal(parseAnnotation(value), undefined));
  }

  test("of a volume is another than that of a container of its name", () => {
    equal(annotationKey({ container: "a", kind: "sidecar" }), "image.repull.dev/a");
    equal(annotationKey({ container: "a", kind: "volume" }), "image-volume.repull.dev/a");
  });

  // biome-ignore format: a table is read by its columns
  const keys = [
    ["image.repull.dev/web",          true],
    ["image-volume.repull.dev/data",  true],
    ["image.repull.dev.evil/web",     false],
    ["repull.dev/mode",               false],
  ] as const;
  for (const [key, ours] of keys) {
    test(`${key} is ${ours ? "" : "not "}ours`, () => equal(isOurAnnotation(key), ours));
  }
});
