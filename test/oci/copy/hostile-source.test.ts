/** A hostile or failing source, over real sockets: each ends in the right words, and nothing wrong gets a name. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import type { Digest } from "../../../src/image/digest.ts";
import {
  ALWAYS,
  endless,
  flipped,
  hangUp,
  isBlob,
  isManifest,
  on,
  sends,
  short,
  status,
} from "../../support/registries/body-faults.ts";
import { CopyWorld, OCI_INDEX, OCI_MANIFEST } from "../../support/registries/copy-world.ts";
import type { Mischief } from "../../support/registries/loopback-registry.ts";

let world: CopyWorld;
let big: { digest: string; size: number };
let small: { digest: string };
let image: { digest: string };
beforeEach(async () => {
  world = await CopyWorld.start();
  const added = world.addImage([600_000, 5_000], "v1");
  image = added;
  [big = { digest: "", size: 0 }, small = { digest: "" }] = added.layers;
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

/** Only the big layer, and only so many times. */
const onBig = (times: number, act: Mischief): Mischief =>
  on("GET", (path) => path.endsWith(big.digest), times, act);

describe("a source", () => {
  const table: readonly (readonly [string, () => Mischief, RegExp])[] = [
    [
      "wrong bytes of the right length",
      () => onBig(ALWAYS, sends(flipped)),
      /^source mismatch: .*the bytes are/,
    ],
    [
      "a short body that says its length honestly",
      () => onBig(ALWAYS, sends(short)),
      /^source mismatch: .*600000 bytes were promised/,
    ],
    [
      "a short body without a length",
      () =>
        onBig(
          ALWAYS,
          sends(short, () => undefined),
        ),
      /^source mismatch: .*only 300000 of 600000/,
    ],
    [
      "a long body without a length",
      () =>
        onBig(
          ALWAYS,
          sends(
            (all) => Buffer.concat([all, all]),
            () => undefined,
          ),
        ),
      /^source mismatch: .*more than the promised 600000/,
    ],
    [
      "a body cut in the middle, once",
      () =>
        onBig(
          1,
          sends(short, (all) => all.length),
        ),
      /^copied$/,
    ],
    [
      "a body cut in the middle, for ever",
      () =>
        onBig(
          ALWAYS,
          sends(
            (all) => all.subarray(0, 1000),
            (all) => all.length,
          ),
        ),
      /^source unavailable: .*broke off/,
    ],
    [
      "wrong bytes of a small layer",
      () => on("GET", (path) => path.endsWith(small.digest), ALWAYS, sends(flipped)),
      /^source mismatch: .*the bytes are/,
    ],
    [
      "a small layer cut in the middle, once",
      () =>
        on(
          "GET",
          (path) => path.endsWith(small.digest),
          1,
          sends(short, (all) => all.length),
        ),
      /^copied$/,
    ],
    [
      "a long body that says its length honestly",
      () =>
        onBig(
          ALWAYS,
          sends((all) => Buffer.concat([all, all])),
        ),
      /^source mismatch: .*600000 bytes were promised, 1200000 are offered/,
    ],
    [
      "a part from elsewhere than it was asked for",
      () =>
        onBig(ALWAYS, (request, response, registry) => {
          const bytes = registry.blobs.get(big.digest) ?? Buffer.alloc(0);
          const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
          response.writeHead(from > 0 ? 206 : 200, {
            "content-length": bytes.length - from,
            ...(from > 0 ? { "content-range": `bytes 0-${bytes.length - 1}/${bytes.length}` } : {}),
          });
          response.write(bytes.subarray(0, 100_000), () => response.destroy());
          return true;
        }),
      /^source mismatch: .*went on elsewhere/,
    ],
    [
      "a blob under another digest's header: the bytes decide",
      () =>
        onBig(ALWAYS, (_, response, registry) => {
          const bytes = registry.blobs.get(big.digest) ?? Buffer.alloc(0);
          response.writeHead(200, {
            "content-length": bytes.length,
            "docker-content-digest": `sha256:${"0".repeat(64)}`,
          });
          response.end(bytes);
          return true;
        }),
      /^copied$/,
    ],
    [
      "a manifest in HTML",
      () =>
        on("GET", isManifest, ALWAYS, (_, response) => {
          response.writeHead(200, { "content-type": "text/html" }).end("<html>log in</html>");
          return true;
        }),
      /^source malformed: .*JSON/,
    ],
    [
      "503 with a Retry-After of an hour",
      () => on("GET", isManifest, ALWAYS, status(503, { "retry-after": "3600" })),
      /^source unavailable: .*503/,
    ],
    [
      "a manifest cut in the middle, once",
      () =>
        on("GET", isManifest, 1, (_, response, registry) => {
          const { bytes } = registry.manifests.get(image.digest) ?? { bytes: Buffer.alloc(0) };
          response.writeHead(200, { "content-type": OCI_MANIFEST, "content-length": bytes.length });
          response.write(bytes.subarray(0, 20), () => response.destroy());
          return true;
        }),
      /^copied$/,
    ],
    ["503 without Retry-After, twice", () => on("GET", isBlob, 2, status(503)), /^copied$/],
    [
      "a redirect to another scheme",
      () =>
        on("GET", isBlob, ALWAYS, (_, response) => {
          response.writeHead(307, { location: "file:///etc/passwd" }).end();
          return true;
        }),
      /^source denied: .*its scheme is file:/,
    ],
    ["a reset before any answer, once", () => on("GET", isBlob, 1, hangUp), /^copied$/],
    [
      "a reset before any answer, for ever",
      () => on("GET", isBlob, ALWAYS, hangUp),
      /^source unavailable: .*no answer/,
    ],
    ["500, twice", () => on("GET", isManifest, 2, status(500)), /^copied$/],
    [
      "503 with Retry-After, once",
      () => on("GET", isBlob, 1, status(503, { "retry-after": "2" })),
      /^copied$/,
    ],
    ["502, for ever", () => on("GET", isManifest, ALWAYS, status(502)), /^source unavailable: .*502/],
    [
      "a blob that is not there",
      () => on("GET", isBlob, ALWAYS, status(404)),
      /^source absent: .*which its manifest names/,
    ],
    ["403", () => on("GET", isManifest, ALWAYS, status(403)), /^source denied: /],
    [
      "silence in the middle of a blob",
      () =>
        onBig(ALWAYS, (_, response) => {
          response.writeHead(200, { "content-length": 600_000 });
          response.write("x");
          return true;
        }),
      /^source unavailable: .*broke off/,
    ],
    [
      "silence instead of an answer",
      () => on("GET", isManifest, ALWAYS, () => true),
      /^source unavailable: .*nothing came for 0.3 s/,
    ],
    [
      "a manifest without end",
      () =>
        on("GET", isManifest, ALWAYS, (_, response) => {
          endless(response);
          return true;
        }),
      /^source malformed: .*over 4 MiB/,
    ],
    [
      "a manifest that says it is over 4 MiB",
      () =>
        on("GET", isManifest, ALWAYS, (_, response) => {
          response.writeHead(200, { "content-length": 5_000_000 });
          response.write("{");
          return true;
        }),
      /^source malformed: .*over 4 MiB/,
    ],
    [
      "an error whose body has no end",
      () =>
        on("GET", isManifest, ALWAYS, (_, response) => {
          endless(response, 404 - 1);
          return true;
        }),
      /^source denied: .*403/,
    ],
    [
      "a manifest of other bytes than its digest",
      () =>
        on("GET", isManifest, ALWAYS, (_, response) => {
          response.writeHead(200, { "content-type": OCI_MANIFEST, "docker-content-digest": image.digest });
          response.end("{}");
          return true;
        }),
      /^source malformed: .*not sha256/,
    ],
    [
      "a redirect without end",
      () =>
        on("GET", isBlob, ALWAYS, (request, response) => {
          response.writeHead(307, { location: request.url }).end();
          return true;
        }),
      /^source malformed: .*more than 5 redirects/,
    ],
    [
      "a redirect to plain HTTP",
      () =>
        on("GET", isBlob, ALWAYS, (_, response) => {
          response.writeHead(307, { location: "http://example.com/x?sig=secret" }).end();
          return true;
        }),
      /^source denied: .*http:\/\/example.com\/x\S*, which is not followed: it leaves encryption/,
    ],
    [
      "a redirect to the instance's credentials",
      () =>
        on("GET", isBlob, ALWAYS, (_, response) => {
          response.writeHead(307, { location: "https://169.254.169.254/" }).end();
          return true;
        }),
      /^source denied: .*an address that no registry has/,
    ],
    [
      "a redirect to nowhere",
      () =>
        on("GET", isBlob, ALWAYS, (_, response) => {
          response.writeHead(307, { location: "http://[" }).end();
          return true;
        }),
      /^source denied: .*not an address/,
    ],
  ];
  for (const [what, mischief, outcome] of table) {
    test(`${what}: ${outcome.source}`, async () => {
      world.source.mischief = mischief();
      match(await world.outcome(), outcome);
      const copied = outcome.source === "^copied$";
      deepEqual([...world.target.tags.keys()], copied ? ["copy:v1"] : []);
      equal(world.target.manifests.size, copied ? 1 : 0);
      // Whatever was moved before the end is right: the target's own check would not even be needed.
      ok([...world.target.blobs].every(([digest, bytes]) => world.source.blobs.get(digest)?.equals(bytes)));
    });
  }

  test("a cut body is resumed where it broke, inside the same upload", async () => {
    world.source.mischief = onBig(
      1,
      sends(short, (all) => all.length),
    );
    equal(await world.outcome(), "copied");
    const ranges = world.source.seen.flatMap(({ headers }) => headers.range ?? []);
    equal(ranges.length, 1);
    const from = Number(/^bytes=(\d+)-$/.exec(ranges[0] ?? "")?.[1]);
    ok(from > 0 && from <= 300_000, `resumed at ${from}`);
    equal(world.target.count("PUT", new RegExp(big.digest)), 1);
  });

  test("a source that begins again instead of resuming is read past what has come", async () => {
    world.source.mischief = onBig(2, (request, response, registry) => {
      const bytes = registry.blobs.get(big.digest) ?? Buffer.alloc(0);
      response.writeHead(200, { "content-length": bytes.length });
      if (request.headers.range === undefined)
        response.write(bytes.subarray(0, 200_000), () => response.destroy());
      else response.end(bytes);
      return true;
    });
    equal(await world.outcome(), "copied");
    deepEqual(world.target.blobs.get(big.digest), world.source.blobs.get(big.digest));
  });

  test("an index that names itself, or a thousand children, is refused before a blob moves", async () => {
    const children = Array.from({ length: 1000 }, (_, index) => ({
      mediaType: OCI_MANIFEST,
      digest: `sha256:${index.toString(16).padStart(64, "0")}`,
      size: 100,
    }));
    world.source.addManifest(
      "app",
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests: children },
      OCI_INDEX,
      "v1",
    );
    match(await world.outcome(), /^source malformed: .*at most 512 entries, got 1000/);

    const self = `sha256:${"5".repeat(64)}`;
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [{ mediaType: OCI_INDEX, digest: self, size: 9 }],
      }),
    );
    world.source.mischief = on("GET", isManifest, ALWAYS, (_, response) => {
      response.writeHead(200, { "content-type": OCI_INDEX, "docker-content-digest": self });
      response.end(bytes);
      return true;
    });
    match(await world.outcome(), /^source malformed: .*not sha256:5555/);
    deepEqual(world.target.names("copy"), []);
  });

  test("an index of three hundred children is copied, indexes inside five others are not", async () => {
    world.addIndex(
      Array.from({ length: 300 }, (_, index) => world.addImage([index + 1])),
      "v1",
    );
    equal(await world.outcome(), "copied");
    equal(world.target.manifests.size, 301);
    let nested = world.addImage([1]) as Parameters<CopyWorld["addIndex"]>[0][number];
    for (let level = 0; level < 6; level++) nested = world.addIndex([nested], "v1");
    match(await world.outcome(), /^source malformed: .*more than 4 indexes inside one another/);
  });

  test("a blob that is given two sizes is refused before it moves", async () => {
    const platform = { os: "linux", architecture: "amd64" };
    const layer = world.source.addBlob("app", Buffer.from("layer"));
    const mediaType = "application/vnd.oci.image.layer.v1.tar";
    const config = { mediaType: "application/json", ...world.source.addBlob("app", Buffer.from("{ }")) };
    const of = (size: number) => ({
      ...world.source.addManifest(
        "app",
        { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [{ mediaType, ...layer, size }] },
        OCI_MANIFEST,
      ),
      platform,
    });
    world.addIndex([of(5), of(500)], "v1");
    match(await world.outcome(), /^source malformed: .*has two sizes/);
    deepEqual(world.target.names("copy"), []);
  });

  test("a pinned manifest that another digest answers for is refused", async () => {
    world.source.mischief = on("GET", isManifest, ALWAYS, (_, response) => {
      const other = Buffer.from("{}");
      response.writeHead(200, { "content-type": OCI_MANIFEST, "content-length": other.length }).end(other);
      return true;
    });
    const source = { host: world.source.host, path: "app", digest: image.digest as Digest };
    match(
      await world.outcome({ source }),
      /^source malformed: .*the bytes are sha256:44136fa.*, not sha256:/,
    );
    deepEqual(world.target.names("copy"), []);
  });

  test("schema 1 is refused with a clear word", async () => {
    world.source.addManifest(
      "app",
      { schemaVersion: 1, name: "app", fsLayers: [] },
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      "v1",
    );
    match(await world.outcome(), /^source unsupported: .*schema 1/);
  });
});
