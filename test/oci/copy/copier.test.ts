import { deepEqual, equal, match, ok } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import type { Digest } from "../../../src/image/digest.ts";
import { parsePlatform } from "../../../src/image/platform.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { createCopier } from "../../../src/oci/copy/copier.ts";
import { indexSubset } from "../../../src/oci/copy/index-subset.ts";
import { retainedIndexTag } from "../../../src/oci/copy/retained-index.ts";
import type { Send } from "../../../src/oci/http/transport.ts";
import { CopyWorld, OCI_INDEX, OCI_MANIFEST } from "../../support/registries/copy-world.ts";

let world: CopyWorld;
beforeEach(async () => {
  world = await CopyWorld.start();
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

/** Every name of the source's repository has the same bytes under the target's. */
function assertSameBytes(digests: readonly string[]): void {
  for (const digest of digests) {
    ok(world.target.links.has(`copy@${digest}`), `${digest} is not at the target`);
    const source = world.source.blobs.get(digest) ?? world.source.manifests.get(digest)?.bytes;
    const target = world.target.blobs.get(digest) ?? world.target.manifests.get(digest)?.bytes;
    deepEqual(target, source);
  }
}

describe("the whole image", () => {
  test("a manifest has the connection opened that a long layer comes over", async () => {
    world.addImage([300_000], "v1");
    const preparing: string[] = [];
    const send: Send = (request) => {
      if (request.bulkFollows === true) preparing.push(`${request.method} ${request.url.pathname}`);
      return world.send(request);
    };
    const registries = createRegistries({ send, clock: world.clock });
    const source = parseReference(`${world.source.host}/app:v1`);
    const target = parseReference(`${world.target.host}/copy:v1`);
    await createCopier({ registries, clock: world.clock }).copy({ source, target });
    deepEqual(preparing, ["GET /v2/app/manifests/v1"]);
  });

  test("only what is long comes over the connections for it", async () => {
    const { layers } = world.addImage([300_000, 10], "v1");
    const bulk: string[] = [];
    const send: Send = (request) => {
      if (request.bulk === true) bulk.push(`${request.method} ${request.url.pathname}`);
      return world.send(request);
    };
    const registries = createRegistries({ send, clock: world.clock });
    const source = parseReference(`${world.source.host}/app:v1`);
    const target = parseReference(`${world.target.host}/copy:v1`);
    await createCopier({ registries, clock: world.clock }).copy({ source, target });
    deepEqual(bulk, [`GET /v2/app/blobs/${layers[0]?.digest}`]);
  });

  test("a layer comes while the target still looks for another", async () => {
    const { layers } = world.addImage([300_000, 10], "v1");
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const isOf = (at: number, path = ""): boolean => path.endsWith(`/blobs/${layers[at]?.digest}`);
    world.source.mischief = ({ method, url }) => {
      if (method === "GET" && isOf(0, url)) resolve();
      return false;
    };
    world.target.mischief = async ({ method, url }) => {
      if (method === "HEAD" && isOf(1, url)) await begun;
      return false;
    };
    equal((await world.copy()).blobsMoved, 3);
  });

  test("an index arrives with every platform, byte for byte, under its tag", async () => {
    const amd = world.addImage([300_000, 10], undefined);
    const arm = world.addImage([200_000, 0], undefined, { os: "linux", architecture: "arm64" });
    const index = world.addIndex([amd, arm], "v1");
    const result = await world.copy();
    equal(result.digest, index.digest);
    equal(result.mediaType, OCI_INDEX);
    equal(world.target.tags.get("copy:v1"), index.digest);
    assertSameBytes([...world.source.links].map((link) => link.slice("app@".length)));
    equal(result.blobsMoved, 6);
  });

  test("children are pushed by their digests only: nothing but the root has a tag", async () => {
    world.addIndex([world.addImage([10])], "v1");
    await world.copy();
    deepEqual([...world.target.tags.keys()], ["copy:v1"]);
  });

  test("what is there already costs one request on each side, and moves nothing", async () => {
    world.addIndex([world.addImage([100_000])], "v1");
    await world.copy();
    const again = await world.copy();
    equal(again.alreadyPresent, true);
    deepEqual(again.requests, { source: 1, target: 1 });
    equal(again.bytesMoved, 0);
  });

  test("a tag that named other bytes is reported with them, whether these were there already or not", async () => {
    const old = world.addImage([10], "v1");
    equal((await world.copy()).tagMovedFrom, undefined);
    const now = world.addImage([20], "v1");
    const copied = await world.copy();
    deepEqual([copied.tagMovedFrom, copied.alreadyPresent], [old.digest, false]);
    world.source.tags.set("app:v1", old.digest);
    const moved = await world.copy();
    deepEqual([moved.tagMovedFrom, moved.alreadyPresent], [now.digest, true]);
    equal((await world.copy()).tagMovedFrom, undefined);
  });

  test("a pinned source that is there already is not asked at all", async () => {
    const { digest } = world.addImage([10], "v1");
    const source = { ...parseReference(`${world.source.host}/app`), digest: digest as Digest };
    await world.copy({ source });
    const again = await world.copy({ source });
    deepEqual(again.requests, { source: 0, target: 1 });
  });

  test("no manifest is fetched twice, and none that the target has", async () => {
    const shared = world.addImage([70_000]);
    world.addIndex([shared], "v1");
    await world.copy();
    world.addIndex([shared, world.addImage([80_000])], "v1");
    const before = world.source.seen.length;
    await world.copy();
    const fetched = world.source.seen
      .slice(before)
      .filter((one) => one.method === "GET" && /manifests/.test(one.path));
    equal(fetched.length, 2, "the new index and its new child");
  });

  test("a copy that broke off is finished with only what was missing", async () => {
    const { layers } = world.addImage([90_000, 80_000, 70_000], "v1");
    const done = layers[1];
    ok(done);
    world.target.addBlob("copy", world.source.blobs.get(done.digest) ?? Buffer.alloc(0));
    const result = await world.copy();
    deepEqual([result.blobsMoved, result.blobsSkipped, result.bytesSkipped], [3, 1, done.size]);
  });

  test("an empty target is not asked for blobs", async () => {
    world.addImage([90_000, 10], "v1");
    await world.copy({ targetIsEmpty: true });
    equal(world.target.count("HEAD", /./), 0);
  });

  test("two copies of one image at once end as one", async () => {
    const { digest } = world.addImage([400_000, 300_000, 10], "v1");
    const both = await Promise.all([world.copy(), world.copy()]);
    deepEqual(
      both.map((result) => result.digest),
      [digest, digest],
    );
    equal(world.target.tags.get("copy:v1"), digest);
    assertSameBytes([...world.source.links].map((link) => link.slice("app@".length)));
  });

  test("five copies of one index leave nothing half, although the source breaks off now and then", async () => {
    const index = world.addIndex([world.addImage([200_000, 100_000]), world.addImage([150_000])], "v1");
    let blobs = 0;
    world.source.mischief = (request, response) => {
      if (!/blobs/.test(request.url ?? "") || ++blobs % 3 !== 0) return false;
      response.destroy();
      return true;
    };
    const all = await Promise.all(Array.from({ length: 5 }, () => world.copy()));
    deepEqual(new Set(all.map(({ digest }) => digest)), new Set([index.digest]));
    assertSameBytes([...world.source.links].map((link) => link.slice("app@".length)));
  });

  test("a manifest without a mediaType travels under the type that the source served it with", async () => {
    const config = world.source.addBlob("app", Buffer.from("{}"));
    const bare = { schemaVersion: 2, config: { mediaType: "application/json", ...config }, layers: [] };
    const { digest } = world.source.addManifest("app", bare, OCI_MANIFEST, "v1");
    await world.copy();
    equal(world.target.manifests.get(digest)?.mediaType, OCI_MANIFEST);
  });

  test("a foreign layer stays where it is, and is reported", async () => {
    const config = world.source.addBlob("app", Buffer.from("{}"));
    const foreign = {
      mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      digest: `sha256:${"a".repeat(64)}`,
      size: 1_000_000,
      urls: ["https://example.com/layer"],
    };
    const type = "application/vnd.docker.distribution.manifest.v2+json";
    const document = {
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: "application/vnd.docker.container.image.v1+json", ...config },
      layers: [foreign],
    };
    world.source.addManifest("app", document, type, "v1");
    const result = await world.copy();
    deepEqual(result.foreignLayers, [foreign.digest]);
    equal(world.source.count("GET", /aaaa/), 0);
  });

  test("blobs of the same registry are mounted, and uploaded where it does not mount", async () => {
    const here = { target: parseReference(`${world.source.host}/other:v1`) };
    const { digest } = world.addImage([100_000], "v1");
    const mounted = await world.copy(here);
    deepEqual([mounted.blobsMounted, mounted.bytesMoved], [2, 0]);
    world.source.mounts = false;
    const uploaded = await world.copy({ target: parseReference(`${world.source.host}/third:v1`) });
    deepEqual([uploaded.blobsMounted, uploaded.blobsMoved], [0, 2]);
    equal(world.source.tags.get("third:v1"), digest);
  });
});

describe("one platform", () => {
  const arm64 = [parsePlatform("linux/arm64")];

  test("the child is copied by its own digest, and the tag is made of it", async () => {
    const arm = world.addImage([90_000], undefined, { os: "linux", architecture: "arm64" });
    const index = world.addIndex([world.addImage([80_000]), arm], "v1");
    const result = await world.copy({ platforms: arm64, tagFor: (digest) => `v1-${digest.slice(7, 19)}` });
    equal(result.digest, arm.digest);
    equal(result.sourceDigest, index.digest);
    equal(world.target.tags.get(`copy:v1-${arm.digest.slice(7, 19)}`), arm.digest);
    equal(result.blobsMoved, 2, "the other platform's blobs stay");
  });

  test("the index is kept as a blob of its own digest: proof, without asking the source", async () => {
    const arm = world.addImage([90_000], undefined, { os: "linux", architecture: "arm64" });
    const index = world.addIndex([arm], "v1");
    const result = await world.copy({ platforms: arm64 });
    equal(result.proof, "kept");
    ok(world.target.tags.has(`copy:${retainedIndexTag(index.digest as Digest)}`));
    const target = parseReference(`${world.target.host}/copy`);
    const kept = await world.registries.getBlob(target, index.digest as Digest, 4_194_304);
    deepEqual(Buffer.from(kept ?? []), world.source.manifests.get(index.digest)?.bytes);
  });

  test("a second copy asks the source once, for free", async () => {
    world.addIndex([world.addImage([10], undefined, { os: "linux", architecture: "arm64" })], "v1");
    await world.copy({ platforms: arm64 });
    const again = await world.copy({ platforms: arm64 });
    equal(again.alreadyPresent, true);
    deepEqual(again.requests, { source: 1, target: 2 });
  });

  test("a target that refuses the proof still gets the image", async () => {
    world.addIndex([world.addImage([10], undefined, { os: "linux", architecture: "arm64" })], "v1");
    world.target.mischief = (request, response) => {
      if (request.method !== "PUT" || !/manifests\/index-/.test(request.url ?? "")) return false;
      request.resume();
      response.writeHead(415).end();
      return true;
    };
    const result = await world.copy({ platforms: arm64 });
    equal(result.proof, "refused");
    ok(world.target.tags.has("copy:v1"));
  });

  test("several platforms get a tag each", async () => {
    const amd = world.addImage([10]);
    const arm = world.addImage([20], undefined, { os: "linux", architecture: "arm64" });
    world.addIndex([amd, arm], "v1");
    await world.copy({ platforms: [parsePlatform("linux/amd64"), ...arm64] });
    equal(world.target.tags.get("copy:v1-linux-amd64"), amd.digest);
    equal(world.target.tags.get("copy:v1-linux-arm64"), arm.digest);
  });

  describe("joined", () => {
    const both = [parsePlatform("linux/amd64"), ...arm64];
    const joined = {
      platforms: both,
      asIndex: true,
      tagFor: (digest: string) => `v1-${digest.slice(7, 19)}`,
    };
    const named = () => world.target.names("copy").filter((name) => name.startsWith(":v1"));

    test("become one index that lists them and no others, as the image's own lists them", async () => {
      const amd = world.addImage([10]);
      const arm = world.addImage([20], undefined, { os: "linux", architecture: "arm64" });
      const s390x = world.addImage([30], undefined, { os: "linux", architecture: "s390x" });
      const index = world.addIndex([s390x, amd, arm], "v1");
      const { digest, sourceDigest, mediaType } = await world.copy(joined);
      equal(sourceDigest, index.digest);
      equal(world.target.tags.get(`copy:v1-${digest.slice(7, 19)}`), digest);
      const bytes = world.target.manifests.get(digest)?.bytes ?? Buffer.alloc(0);
      const listed = JSON.parse(bytes.toString()) as { manifests: { digest: string; platform: object }[] };
      deepEqual(
        listed.manifests.map((child) => [child.digest, child.platform]),
        [
          [amd.digest, { os: "linux", architecture: "amd64" }],
          [arm.digest, { os: "linux", architecture: "arm64" }],
        ],
      );
      equal(world.target.manifests.has(s390x.digest), false, "the third platform was not asked for");
      // The image's index and the platforms determine the digest: no answer of a registry is needed.
      const source = world.source.manifests.get(index.digest)?.bytes ?? Buffer.alloc(0);
      equal(
        indexSubset({ bytes: source, mediaType }, [...arm64, parsePlatform("linux/amd64")])?.digest,
        digest,
      );
    });

    test("a second copy finds the first", async () => {
      const arm = world.addImage([20], undefined, { os: "linux", architecture: "arm64" });
      world.addIndex([world.addImage([10]), arm], "v1");
      const first = await world.copy(joined);
      const again = await world.copy(joined);
      deepEqual([again.digest, again.alreadyPresent, again.bytesMoved], [first.digest, true, 0]);
    });

    test("what the image has of them is enough, and one alone needs no index", async () => {
      const amd = world.addImage([10]);
      const s390x = world.addImage([30], undefined, { os: "linux", architecture: "s390x" });
      world.addIndex([amd, s390x], "v1");
      equal((await world.copy(joined)).digest, amd.digest);
      deepEqual(named(), [`:v1-${amd.digest.slice(7, 19)}`]);
    });

    test("a platform that the image lacks is named with those that it has", async () => {
      world.addIndex([world.addImage([30], undefined, { os: "linux", architecture: "s390x" })], "v1");
      match(await world.outcome(joined), /^source platform-absent: .*it has linux\/s390x$/);
      deepEqual(named(), []);
    });

    test("an image without an index is for the one that its config names", async () => {
      world.addImage([10], "v1");
      equal(await world.outcome(joined), "copied");
    });
  });

  test("a platform that the image does not have is named, with those that it has", async () => {
    world.addIndex([world.addImage([10])], "v1");
    match(
      await world.outcome({ platforms: arm64 }),
      /^source platform-absent: .*not for linux\/arm64; it has linux\/amd64$/,
    );
    deepEqual(world.target.names("copy"), []);
  });

  test("an image without an index is checked by its config", async () => {
    world.addImage([10], "v1");
    match(await world.outcome({ platforms: arm64 }), /platform-absent/);
    equal(await world.outcome({ platforms: [parsePlatform("linux/amd64")] }), "copied");
  });
});

describe("immutable tags", () => {
  test("succeeds when the tag already has the same digest, although the registry refuses to set it again", async () => {
    const { digest } = world.addImage([10], "v1");
    await world.copy();
    world.target.immutableTags = true;
    // A copy that takes the target for empty does not look at the tag first.
    equal(await world.outcome({ targetIsEmpty: true }), "copied");
    equal(world.target.tags.get("copy:v1"), digest);
  });

  test("fails when the tag has another digest, and leaves the tag", async () => {
    const { digest } = world.addImage([10], "v1");
    await world.copy();
    world.target.immutableTags = true;
    world.addImage([20], "v1");
    match(await world.outcome(), /^target tag-taken: /);
    equal(world.target.tags.get("copy:v1"), digest);
  });

  test("a tag that may move, moves", async () => {
    world.addImage([10], "v1");
    await world.copy();
    const { digest } = world.addImage([20], "v1");
    equal(await world.outcome(), "copied");
    equal(world.target.tags.get("copy:v1"), digest);
  });
});

test("progress names each blob from its start to its end, and the plan comes before it", async () => {
  world.addImage([100_000, 10], "v1");
  const told: string[] = [];
  await world.copy(
    {},
    {
      onPlan: ({ blobs }) => told.push(`plan of ${blobs}`),
      onProgress: ({ state, bytesDone, bytesAll }) => {
        if (state === "done") equal(bytesDone, bytesAll);
        if (state !== "moving") told.push(state);
      },
    },
  );
  equal(told[0], "plan of 3");
  deepEqual(told.filter((state) => state === "done").length, 3);
});

test("an aborted copy says what is left, and leaves nothing under way", async () => {
  world.addImage([500_000, 400_000, 300_000], "v1");
  const stopping = new AbortController();
  world.source.mischief = (request, response, registry) => {
    if (!/blobs/.test(request.url ?? "")) return false;
    response.writeHead(200, {
      "content-length": registry.blobs.get(request.url?.split("/").at(-1) ?? "")?.length,
    });
    response.write("x");
    stopping.abort(new Error("interrupted"));
    return true;
  };
  match(
    await world.outcome({}, { signal: stopping.signal }),
    /aborted: the copy was stopped, \d blobs? of \d+ bytes left/,
  );
  deepEqual([...world.target.tags.keys()], []);
});

test("a manifest that the target has under another tag gets the new one, and the source is not asked", async () => {
  const { digest } = world.addImage([90_000], "v1");
  await world.copy();
  const source = { ...parseReference(`${world.source.host}/app`), digest: digest as Digest };
  const before = world.source.seen.length;
  const result = await world.copy({ source, target: parseReference(`${world.target.host}/copy:v2`) });
  deepEqual([result.alreadyPresent, world.source.seen.length - before], [true, 0]);
  equal(world.target.tags.get("copy:v2"), digest);
});
