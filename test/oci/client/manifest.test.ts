import { equal, throws } from "node:assert/strict";
import { describe, test } from "vitest";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { blobsOf, parseManifest } from "../../../src/oci/client/manifest.ts";

const D = (digit: string): string => `sha256:${digit.repeat(64)}`;
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: D("c"), size: 2 };
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+zstd", digest: D("1"), size: 10 };
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const bytes = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));

describe("what a manifest is", () => {
  const image = { schemaVersion: 2, config, layers: [layer] };
  const index = { schemaVersion: 2, manifests: [] };
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, unknown, string, string])[] = [
    ["its own word",                     { ...image, mediaType: OCI_MANIFEST }, "",           `image ${OCI_MANIFEST}`],
    ["the header, where it says nothing", index,                                LIST,         `index ${LIST}`],
    ["its shape, where neither does",    image,                                 "",           `image ${OCI_MANIFEST}`],
    ["its shape, for an index",          index,                                 "text/plain", "index application/vnd.oci.image.index.v1+json"],
  ];
  for (const [what, document, header, read] of table) {
    test(`is ${what}`, () => {
      const { kind, mediaType } = parseManifest(bytes(document), header);
      equal(`${kind} ${mediaType}`, read);
    });
  }
});

describe("what is not believed", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, unknown, RegExp])[] = [
    ["schema 1",                { schemaVersion: 1, fsLayers: [] },                                  /schema 1, which no registry of today takes/],
    ["no schema version",       { config, layers: [] },                                              /schemaVersion: expected 2/],
    ["a list",                  [],                                                                  /an object/],
    ["null",                    null,                                                                /an object/],
    ["layers that are not a list", { schemaVersion: 2, config, layers: {} },                            /layers: expected a list/],
    ["no config",               { schemaVersion: 2, layers: [] },                                    /config: expected an object/],
    ["a digest with a path",    { schemaVersion: 2, config: { ...config, digest: "sha256:../../x" } }, /config.digest/],
    ["a negative size",         { schemaVersion: 2, config: { ...config, size: -1 } },               /config.size/],
    ["a size of half a byte",   { schemaVersion: 2, config: { ...config, size: 0.5 } },              /config.size/],
    ["both images and layers",  { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [], manifests: [] }, /not both/],
    ["another document",        { schemaVersion: 2, mediaType: "application/json" },                 /an image manifest or an index/],
    ["513 children",            { schemaVersion: 2, manifests: Array(513).fill(layer) },             /at most 512/],
  ];
  for (const [what, document, words] of table) {
    test(`${what}: ${words.source}`, () => {
      throws(
        () => parseManifest(bytes(document)),
        (error) => error instanceof InvalidInput && words.test(error.message),
      );
    });
  }

  test("bytes that are not JSON, or not text", () => {
    throws(() => parseManifest(Buffer.from("{")), InvalidInput);
    throws(() => parseManifest(Buffer.from([0xff, 0xfe])), InvalidInput);
  });
});

test("blobs are the config and the layers, each once, without the foreign", () => {
  const foreign = {
    ...layer,
    digest: D("f"),
    mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  };
  const parsed = parseManifest(bytes({ schemaVersion: 2, config, layers: [layer, layer, foreign] }));
  equal(
    parsed.kind === "image" &&
      blobsOf(parsed)
        .map(({ digest }) => digest)
        .join(),
    [D("c"), D("1")].join(),
  );
});
