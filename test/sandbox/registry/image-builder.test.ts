import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import {
  type BuiltImage,
  buildImage,
  type ImageRecipe,
  seedImage,
} from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry } from "../../../src/sandbox/registry/registry.ts";
import { stoppedClock } from "../../support/registries/registry-requests.ts";

const read = (bytes: Uint8Array | undefined) => JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));

describe("one recipe, one digest", () => {
  const same: ImageRecipe = { name: "nginx", platforms: ["linux/amd64", "linux/arm64"], seed: 5 };
  test("again", () => equal(buildImage(same).digest, buildImage({ ...same }).digest));
  const table: readonly (readonly [string, Partial<ImageRecipe>])[] = [
    ["another name", { name: "redis" }],
    ["another seed", { seed: 6 }],
    ["another platform", { platforms: ["linux/amd64", "linux/arm/v7"] }],
    ["more layers", { layers: 3 }],
    ["more bytes", { bytes: 1025 }],
    ["docker's words", { format: "docker" }],
    ["attestations", { attestations: true }],
  ];
  for (const [what, change] of table) {
    test(`${what}: another`, () =>
      notEqual(buildImage({ ...same, ...change }).digest, buildImage(same).digest));
  }
  test("on every machine", () => {
    equal(
      buildImage({ name: "nginx" }).digest,
      "sha256:b89247d38d718875e6e8e518c8b0979ff673fb0d1b341a5344e6a0f433e65267",
    );
  });
});

// biome-ignore format: a table is read by its columns
const shapes: readonly (readonly [string, ImageRecipe, string])[] = [
  ["one platform",            { name: "a" },                                              "manifest.v1 of linux/amd64"],
  ["one platform in a list",  { name: "a", index: true },                                 "index.v1 of linux/amd64"],
  ["several platforms",       { name: "a", platforms: ["linux/amd64", "linux/arm/v7"] },  "index.v1 of linux/amd64, linux/arm/v7"],
  ["docker's list",           { name: "a", platforms: ["linux/amd64", "linux/arm64"], format: "docker" }, "list.v2 of linux/amd64, linux/arm64"],
  ["docker's manifest",       { name: "a", format: "docker" },                            "manifest.v2 of linux/amd64"],
  ["Windows builds",          { name: "a", platforms: ["windows/amd64", "windows/amd64"], osVersions: ["10.0.17763.1", "10.0.20348.1"] }, "index.v1 of windows/amd64/10.0.17763.1, windows/amd64/10.0.20348.1"],
  ["that names no platform",  { name: "a", index: true, namesNoPlatforms: true },         "index.v1 of ?"],
  ["an index of indexes",     { name: "a", platforms: ["linux/amd64", "linux/arm64"], nested: true }, "index.v1 of ?, ?"],
  ["with an attestation",     { name: "a", attestations: true },                          "index.v1 of linux/amd64, unknown/unknown"],
];
describe("the shapes of an image", () => {
  for (const [what, recipe, shape] of shapes)
    test(`${what}: ${shape}`, () => equal(shapeOf(buildImage(recipe)), shape));
});

function shapeOf({ index, manifests, blobs, mediaType }: BuiltImage): string {
  const kind = /(?<kind>[a-z]+\.v\d)\+json$/.exec(mediaType)?.groups?.kind;
  const platforms =
    index === undefined
      ? [read(blobs.get(read(manifests[0]?.bytes).config.digest))]
      : read(index.bytes).manifests.map(({ platform }: { platform: unknown }) => platform);
  const words = platforms.map((platform: Record<string, string> = {}) => {
    const { os = "?", architecture, variant, "os.version": version } = platform;
    return [os, architecture, variant, version].filter(Boolean).join("/");
  });
  return `${kind} of ${words.join(", ")}`;
}

test("everything that a manifest names is there, by its digest and size, and unpacks to what the config says", () => {
  const image = buildImage({
    name: "big",
    platforms: ["linux/amd64", "linux/arm64"],
    layers: 3,
    bytes: 200_000,
  });
  for (const manifest of image.manifests) {
    equal(digestOf(manifest.bytes), manifest.digest);
    const { config, layers } = read(manifest.bytes);
    for (const { digest, size } of [config, ...layers]) {
      const bytes = image.blobs.get(digest) ?? new Uint8Array();
      equal(digestOf(bytes), digest);
      equal(bytes.length, size);
    }
    const unpacked = layers.map(({ digest }: { digest: `sha256:${string}` }) =>
      digestOf(gunzipSync(image.blobs.get(digest) ?? "")),
    );
    deepEqual(unpacked, read(image.blobs.get(config.digest)).rootfs.diff_ids);
  }
});

test("shared layers are one blob for all platforms", () => {
  const layers = ({ bytes }: { bytes: Uint8Array }) =>
    read(bytes).layers.map(({ digest }: { digest: string }) => digest);
  const image = buildImage({
    name: "a",
    platforms: ["linux/amd64", "linux/arm64"],
    layers: 3,
    sharedLayers: 2,
  });
  const [one = [], other = []] = image.manifests.map(layers);
  deepEqual(one.slice(0, 2), other.slice(0, 2));
  notEqual(one[2], other[2]);
  equal(image.blobs.size, 2 + 2 + 2);
});

test("docker's lists have no attestations", () => {
  throws(() => buildImage({ name: "a", format: "docker", attestations: true }), /no attestations/);
});

test("a seeded image is in the registry, uncounted", () => {
  const hub = createRegistry({ kind: "docker-hub", host: "registry-1.docker.io", clock: stoppedClock() });
  const image = buildImage({ name: "nginx", platforms: ["linux/amd64", "linux/arm64"] });
  equal(seedImage(hub, "library/nginx", "1.25", image), image.digest);
  deepEqual(hub.repositories(), ["library/nginx"]);
  deepEqual(hub.tags("library/nginx"), { "1.25": image.digest });
  for (const { digest, bytes } of image.manifests)
    deepEqual(hub.manifest("library/nginx", digest)?.bytes, bytes);
  for (const [digest, bytes] of image.blobs) deepEqual(hub.blob(digest), bytes);
  deepEqual(hub.requests(), {});
  equal(hub.pullsLeft({ address: "203.0.113.1" }), 100);
});
