import { describe, expect, it } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";

const D = `sha256:${"a".repeat(64)}`;
const URL = "https://registry-1.docker.io/v2/library/caddy";

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [what: string, text: string, named: readonly object[]])[] = [
  ["a manifest asked for by digest",          `CannotPullContainerError: ${URL}/manifests/${D}: 429 Too Many Requests`,                      [{ path: "library/caddy", digest: D }]],
  ["the same twice",                          `CannotPullContainerError: ${URL}/manifests/${D}: 429 ${URL}/manifests/${D}: 429`,            [{ path: "library/caddy", digest: D }]],
  ["a host with its manifest in brackets",    `pulling from host registry-1.docker.io failed with status code [manifests ${D}]: 429 Too Many Requests`, [{ digest: D }]],
  ["a manifest asked for by tag",             `CannotPullContainerError: ${URL}/manifests/2.8: 429 Too Many Requests`,                       []],
  ["a blob: a layer or a config",             `CannotPullContainerError: ${URL}/blobs/${D}: 429 Too Many Requests`,                          []],
  ["a digest that is cut off",                `CannotPullContainerError: ${URL}/manifests/${D.slice(0, -1)}`,                                []],
  ["more digits than a digest has",           `CannotPullContainerError: ${URL}/manifests/${D}a: 429 Too Many Requests`,                     []],
];

describe("classify", () => {
  for (const [what, text, named] of ROWS) {
    it(`names ${named.length === 0 ? "no manifest" : "the manifest"} when the text has ${what}`, () => {
      expect(classify(text).manifests ?? []).toEqual(named);
    });
  }
});
