/** A hostile or failing target, over real sockets: each ends in the right words, and nothing wrong gets a name. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import {
  ALWAYS,
  endless,
  hangUp,
  isBlob,
  isManifest,
  isUpload,
  on,
  status,
} from "../../support/registries/body-faults.ts";
import { CopyWorld } from "../../support/registries/copy-world.ts";
import { type Mischief, refuse } from "../../support/registries/loopback-registry.ts";

let world: CopyWorld;
let big: { digest: string; size: number };
beforeEach(async () => {
  world = await CopyWorld.start();
  const added = world.addImage([600_000, 5_000], "v1");
  big = added.layers[0] ?? { digest: "", size: 0 };
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

describe("a target", () => {
  const table: readonly (readonly [string, () => Mischief, RegExp])[] = [
    [
      "a reset in the middle of an upload, once",
      () =>
        on("PUT", isUpload, 1, (request) => {
          request.once("data", () => request.socket.destroy());
          return true;
        }),
      /^copied$/,
    ],
    [
      "a reset in the middle of every upload",
      () =>
        on("PUT", isUpload, ALWAYS, (request) => {
          request.once("data", () => request.socket.destroy());
          return true;
        }),
      /^target unavailable: /,
    ],
    [
      "503 with Retry-After to an upload, once",
      () => on("PUT", isUpload, 1, status(503, { "retry-after": "2" })),
      /^copied$/,
    ],
    ["502 to a POST, twice", () => on("POST", isUpload, 2, status(502)), /^copied$/],
    [
      "500 to a manifest, for ever",
      () => on("PUT", isManifest, ALWAYS, status(500)),
      /^target unavailable: .*500/,
    ],
    [
      "a reset instead of an answer to the manifest, once",
      () => on("PUT", isManifest, 1, hangUp),
      /^copied$/,
    ],
    [
      "a reset instead of an answer to the manifest, for ever",
      () => on("PUT", isManifest, ALWAYS, hangUp),
      /^target unavailable: .*no answer/,
    ],
    ["413 to an upload", () => on("PUT", isUpload, ALWAYS, status(413)), /^target malformed: .*413/],
    [
      "a yes without end",
      () =>
        on("PUT", isUpload, 1, (request, response, registry) => {
          request.resume().once("end", () => {
            const digest = new URL(request.url ?? "", registry.url).searchParams.get("digest") ?? "";
            registry.addBlob("copy", world.source.blobs.get(digest) ?? Buffer.alloc(0));
            endless(response, 201);
          });
          return true;
        }),
      /^copied$/,
    ],
    [
      "a location at the instance's credentials",
      () =>
        on("POST", isUpload, ALWAYS, (_, response) => {
          response.writeHead(202, { location: "https://169.254.169.254/up" }).end();
          return true;
        }),
      /^target denied: .*an address that no registry has/,
    ],
    [
      "a location that is not an address",
      () =>
        on("POST", isUpload, ALWAYS, (_, response) => {
          response.writeHead(202, { location: "https://[" }).end();
          return true;
        }),
      /^target denied: .*it is not an address/,
    ],
    [
      "a redirect of an upload, which is not followed",
      () =>
        on("PUT", isUpload, ALWAYS, (request, response) => {
          request.resume();
          response.writeHead(307, { location: "/elsewhere" }).end();
          return true;
        }),
      /^target malformed: .*307/,
    ],
    ["500 to an upload, once", () => on("PUT", isUpload, 1, status(500)), /^copied$/],
    [
      "a refusal before the upload has ended",
      () =>
        on("PUT", isUpload, ALWAYS, (_, response) => {
          refuse(response, 403, "DENIED");
          return true;
        }),
      /^target denied: .*DENIED/,
    ],
    [
      "an upload that is never read",
      () =>
        on("PUT", isUpload, ALWAYS, (request) => {
          request.pause();
          return true;
        }),
      /^target unavailable: .*nothing came/,
    ],
    [
      "no repository: the connection is dropped",
      () => on("POST", isUpload, ALWAYS, hangUp),
      /^target unavailable: .*no answer/,
    ],
    [
      "202 without a location",
      () =>
        on("POST", isUpload, ALWAYS, (_, response) => {
          response.writeHead(202).end();
          return true;
        }),
      /^target malformed: .*names no location/,
    ],
    [
      "a location at plain HTTP elsewhere",
      () =>
        on("POST", isUpload, ALWAYS, (_, response) => {
          response.writeHead(202, { location: "http://example.com/up" }).end();
          return true;
        }),
      /^target denied: .*not followed/,
    ],
    [
      "another digest stored than was sent",
      () =>
        on("PUT", isManifest, ALWAYS, (request, response) => {
          request.resume();
          response.writeHead(201, { "docker-content-digest": `sha256:${"0".repeat(64)}` }).end();
          return true;
        }),
      /^target malformed: .*stored sha256:0000/,
    ],
    ["401 without a challenge", () => on("POST", isUpload, ALWAYS, status(401)), /^target unauthorized: /],
  ];
  for (const [what, mischief, outcome] of table) {
    test(`${what}: ${outcome.source}`, async () => {
      world.target.mischief = mischief();
      match(await world.outcome(), outcome);
      const copied = outcome.source === "^copied$";
      deepEqual([...world.target.tags.keys()], copied ? ["copy:v1"] : []);
      equal(world.target.manifests.size, copied ? 1 : 0);
      ok([...world.target.blobs].every(([digest, bytes]) => world.source.blobs.get(digest)?.equals(bytes)));
    });
  }

  test("an absolute location, and one with a query of its own, are kept whole", async () => {
    world.target.mischief = on("POST", isUpload, ALWAYS, (_, response, registry) => {
      response.writeHead(202, { location: `${registry.url}/v2/copy/blobs/uploads/7?_state=a%2Bb&x=1` }).end();
      return true;
    });
    equal(await world.outcome(), "copied");
    ok(
      world.target.seen
        .filter(({ method }) => method === "PUT")
        .slice(0, 3)
        .every(({ path }) => /_state=a%2Bb&x=1&digest=sha256/.test(path)),
    );
  });

  test("a target that says it has a blob which it has not is healed, once", async () => {
    world.target.mischief = on("HEAD", isBlob, 3, (_, response) => {
      response.writeHead(200, { "content-length": 1 }).end();
      return true;
    });
    equal(await world.outcome(), "copied");
    deepEqual(world.target.blobs.get(big.digest), world.source.blobs.get(big.digest));
    equal(world.source.count("GET", /manifests/), 1, "the manifest is not fetched again");
  });

  test("a target that keeps nothing of what it says yes to is healed once, and no oftener", async () => {
    world.target.mischief = on("PUT", isUpload, ALWAYS, (request, response) => {
      request.resume().once("end", () => response.writeHead(201).end());
      return true;
    });
    match(await world.outcome(), /^target malformed: .*MANIFEST_BLOB_UNKNOWN/);
    equal(world.target.count("PUT", /manifests/), 2);
    equal(world.source.count("GET", /manifests/), 1);
    ok(world.source.count("GET", /blobs/) <= 6, "each blob is fetched twice at most");
    deepEqual(world.target.names("copy"), []);
  });

  test("a yes before the bytes have come is not taken on trust", async () => {
    const [huge] = world.addImage([24_000_000], "v1").layers;
    let has = false;
    world.target.mischief = (request, response) => {
      if (!request.url?.includes(huge?.digest ?? "")) return false;
      if (request.method === "PUT") response.writeHead(201).end();
      else response.writeHead(has ? 200 : 404).end();
      return true;
    };
    match(await world.outcome(), /^target malformed: .*said yes before the blob had come, and has it not/);
    deepEqual([...world.target.tags.keys()], []);
    // Where it is true, as of a blob that the target had all along, nothing more is asked.
    has = true;
    world.target.addBlob("copy", world.source.blobs.get(huge?.digest ?? "") ?? Buffer.alloc(0));
    equal(await world.outcome({ targetIsEmpty: true }), "copied");
  });

  test("a location at another host is followed there, without the credential", async () => {
    world.target.mischief = (request, response) => {
      if (request.method !== "POST") return false;
      response.writeHead(202, { location: `${world.source.url}/store/1?part=1` }).end();
      return true;
    };
    world.source.mischief = (request, response) => {
      if (request.method !== "PUT") return false;
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.once("end", () => {
        world.target.addBlob("copy", Buffer.concat(pieces));
        response.writeHead(201).end();
      });
      return true;
    };
    equal(await world.outcome(), "copied");
    const sent = world.source.seen.filter(({ method }) => method === "PUT");
    ok(sent.every(({ path }) => /^\/store\/1\?part=1&digest=sha256:/.test(path)));
    equal(sent.length, 3);
  });

  test("a target that answers 201 to a POST has mounted only where it was asked to", async () => {
    world.target.mischief = on("POST", isUpload, ALWAYS, (_, response) => {
      response.writeHead(201, { location: "/v2/copy/blobs/uploads/7" }).end();
      return true;
    });
    equal(await world.outcome(), "copied");
    deepEqual(world.target.blobs.get(big.digest), world.source.blobs.get(big.digest));
  });

  test("a target that denies mounts still takes uploads", async () => {
    world.target.mischief = (request, response) => {
      if (request.method !== "POST" || !/mount=/.test(request.url ?? "")) return false;
      refuse(response, 403, "DENIED");
      return true;
    };
    equal(await world.outcome({ mountFrom: "elsewhere" }), "copied");
  });
});
