import { deepEqual, equal, rejects } from "node:assert/strict";
import { describe, test } from "vitest";
import { type Digest, digestOf } from "../../../src/image/digest.ts";
import { InvalidInput } from "../../../src/image/invalid-input.ts";
import { parsePlatform } from "../../../src/image/platform.ts";
import { type Index, parseManifest } from "../../../src/oci/client/manifest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../src/oci/client/media-types.ts";
import { nestedChildren, platformImages } from "../../../src/oci/client/platform-images.ts";
import { buildImage, type ImageRecipe } from "../../../src/sandbox/registry/image-builder.ts";

/** Everything that there is to read, by its digest. */
class Shelf {
  readonly bytes = new Map<Digest, Uint8Array>();
  /** Digests that were asked for as manifests. */
  readonly asked: Digest[] = [];

  putIndex(digests: readonly Digest[], mediaType = OCI_INDEX): Digest {
    const manifests = digests.map((digest) => ({ mediaType, digest, size: 1 }));
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
    this.bytes.set(digestOf(bytes), bytes);
    return digestOf(bytes);
  }

  index(digest: Digest): Index {
    const parsed = parseManifest(this.bytes.get(digest) ?? new Uint8Array());
    if (parsed.kind !== "index") throw new Error("no index");
    return parsed;
  }

  manifest = async (digest: Digest) => {
    this.asked.push(digest);
    const bytes = this.bytes.get(digest);
    return bytes === undefined ? undefined : parseManifest(bytes);
  };

  config = async (digest: Digest) => this.bytes.get(digest);
}

function shelfOf(recipe: Partial<ImageRecipe>) {
  const shelf = new Shelf();
  const image = buildImage({ name: "app", layers: 1, index: true, ...recipe });
  for (const { digest, bytes } of image.manifests) shelf.bytes.set(digest, bytes);
  for (const [digest, bytes] of image.blobs) shelf.bytes.set(digest, bytes);
  shelf.bytes.set(image.digest, image.index?.bytes ?? new Uint8Array());
  return { shelf, image, index: shelf.index(image.digest) };
}

const both = { platforms: ["linux/amd64", "linux/arm64"] };
const windows = {
  platforms: ["windows/amd64", "windows/amd64"],
  osVersions: ["10.0.17763.6293", "10.0.20348.2762"],
};

describe("the images of an index for a platform", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Partial<ImageRecipe>, string, readonly number[]])[] = [
    ["that are stated",                       both,                                                "linux/arm64",               [1]],
    ["that their configs name",               { ...both, namesNoPlatforms: true },                 "linux/arm64",               [1]],
    ["inside inner indexes",                  { ...both, nested: true },                           "linux/arm64",               [1]],
    ["inside those, by their configs",        { ...both, nested: true, namesNoPlatforms: true },   "linux/arm64",               [1]],
    ["that nothing names",                    { ...both, namesNoPlatforms: true },                 "linux/s390x",               []],
    ["of the host's build, by their configs", { ...windows, namesNoPlatforms: true },              "windows(10.0.20348)/amd64", [1]],
    ["of all builds where none is known",     windows,                                             "windows/amd64",             [0, 1]],
    ["of a build that nothing names",         { platforms: ["windows/amd64"] },                    "windows(10.0.20348)/amd64", [0]],
  ];
  for (const [which, recipe, platform, places] of table) {
    test(`are those ${which} (${platform}: ${places.join(" and ") || "none"})`, async () => {
      const { shelf, image, index } = shelfOf(recipe);
      const { images, missing, isOpen } = await platformImages(index, parsePlatform(platform), shelf);
      deepEqual(
        images.map(({ digest }) => digest),
        places.map((place) => image.manifests[place]?.digest),
      );
      deepEqual([missing, isOpen], [[], false]);
    });
  }

  test("are open where a config cannot be read", async () => {
    const { shelf, index } = shelfOf({ ...both, namesNoPlatforms: true });
    const found = await platformImages(index, parsePlatform("linux/amd64"), {
      manifest: shelf.manifest,
      config: async () => Buffer.from("no JSON"),
    });
    deepEqual([found.images, found.isOpen], [[], true]);
  });

  test("are missing where the index lists what is not there", async () => {
    const { shelf, image, index } = shelfOf(both);
    const [amd64] = image.manifests;
    if (amd64 !== undefined) shelf.bytes.delete(amd64.digest);
    const found = await platformImages(index, parsePlatform("linux/amd64"), shelf);
    deepEqual(found.missing, [amd64?.digest]);
  });

  test("are not looked for without end", async () => {
    const shelf = new Shelf();
    const images = Array.from({ length: 500 }, (_, number) => digestOf(`image ${number}`));
    const index = shelf.index(shelf.putIndex(images, OCI_MANIFEST));
    equal((await platformImages(index, parsePlatform("linux/amd64"), shelf)).isOpen, true);
    equal(shelf.asked.length, 64);
  });
});

describe("a walk through indexes inside an index", () => {
  const all = async (shelf: Shelf, top: Digest) => {
    const found: Digest[] = [];
    const children = nestedChildren(shelf.index(top), (index) => index.children, shelf.manifest);
    for await (const { digest } of children) found.push(digest);
    return found;
  };
  const chain = (shelf: Shelf, levels: number) => {
    let top = shelf.putIndex([digestOf("the image")], OCI_MANIFEST);
    for (let level = 1; level < levels; level += 1) top = shelf.putIndex([top]);
    return top;
  };

  test("comes to what is three deep", async () => {
    const shelf = new Shelf();
    equal((await all(shelf, chain(shelf, 3))).at(-1), digestOf("the image"));
  });

  test("refuses what is deeper, and leaves nothing out in silence", async () => {
    const shelf = new Shelf();
    await rejects(all(shelf, chain(shelf, 4)), InvalidInput);
  });

  test("refuses more indexes than anything honest has", async () => {
    const shelf = new Shelf();
    const inner = Array.from({ length: 17 }, (_, number) =>
      shelf.putIndex([digestOf(`${number}`)], OCI_MANIFEST),
    );
    await rejects(all(shelf, shelf.putIndex(inner)), InvalidInput);
    equal(shelf.asked.length, 16);
  });

  test("passes what is listed twice once", async () => {
    const shelf = new Shelf();
    const inner = shelf.putIndex([digestOf("the image")], OCI_MANIFEST);
    deepEqual(await all(shelf, shelf.putIndex([inner, inner])), [inner, digestOf("the image")]);
  });
});
