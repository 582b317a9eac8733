/** A hostile or failing registry, over real sockets: each ends in the right words, and nothing wrong gets a name. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "vitest";
import { CopyWorld, OCI_INDEX, OCI_MANIFEST } from "../support/copy-world.ts";
import { type Mischief, refuse } from "../support/loopback-registry.ts";

let world: CopyWorld;
let big: { digest: string; size: number };
let image: { digest: string };
beforeEach(async () => {
  world = await CopyWorld.start();
  const added = world.addImage([600_000, 5_000], "v1");
  image = added;
  big = added.layers[0] ?? { digest: "", size: 0 };
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

const isBlob = (path: string | undefined): boolean => /\/blobs\/sha256:/.test(path ?? "");
const isManifest = (path: string | undefined): boolean => /\/manifests\//.test(path ?? "");
const isUpload = (path: string | undefined): boolean => /\/blobs\/uploads\//.test(path ?? "");

/** Only the big layer, and only so many times. */
function onBig(times: number, act: Mischief): Mischief {
  let left = times;
  return (request, response, registry) => {
    if (request.method !== "GET" || !request.url?.endsWith(big.digest) || left === 0) return false;
    left -= 1;
    return act(request, response, registry);
  };
}

function on(
  method: string,
  matches: (path: string | undefined) => boolean,
  times: number,
  act: Mischief,
): Mischief {
  let left = times;
  return (request, response, registry) => {
    if (request.method !== method || !matches(request.url) || left === 0) return false;
    left -= 1;
    return act(request, response, registry);
  };
}

/** Sends these bytes under this length, and breaks off where they are fewer. */
function sends(bytes: (honest: Buffer) => Buffer, stated?: (honest: Buffer) => number | undefined): Mischief {
  return (request, response, registry) => {
    const honest = registry.blobs.get(request.url?.split("/").at(-1) ?? "") ?? Buffer.alloc(0);
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const body = bytes(honest);
    const length = stated === undefined ? body.length : stated(honest);
    response.writeHead(offset > 0 ? 206 : 200, {
      ...(length === undefined ? {} : { "content-length": length - offset }),
      ...(offset > 0 ? { "content-range": `bytes ${offset}-${honest.length - 1}/${honest.length}` } : {}),
    });
    const sent = body.subarray(offset);
    if (length !== undefined && sent.length < length - offset) response.write(sent, () => response.destroy());
    else response.end(sent);
    return true;
  };
}

const status =
  (code: number, headers: Record<string, string> = {}, message = "as the test says"): Mischief =>
  (request, response) => {
    request.resume();
    refuse(response, code, code === 429 ? "TOOMANYREQUESTS" : "UNKNOWN", message, headers);
    return true;
  };
const hangUp: Mischief = (request) => {
  request.socket.destroy();
  return true;
};
const flipped = (honest: Buffer): Buffer => {
  const wrong = Buffer.from(honest);
  wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1;
  return wrong;
};
const short = (honest: Buffer): Buffer => honest.subarray(0, honest.length >> 1);
const ALWAYS = Number.POSITIVE_INFINITY;

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
      /^source denied: .*http:\/\/example.com\/x, which is not followed: it leaves encryption/,
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
      /^source denied: .*no address/,
    ],
  ];
  for (const [what, mischief, outcome] of table) {
    test(`${what}: ${outcome.source}`, async () => {
      world.source.mischief = mischief();
      match(await world.outcome(), outcome);
      const copied = outcome.source === "^copied$";
      deepEqual([...world.target.tags.keys()], copied ? ["copy:v1"] : []);
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

describe("a 429", () => {
  const QUOTA = {
    "ratelimit-limit": "100;w=21600",
    "ratelimit-remaining": "0;w=21600",
    "docker-ratelimit-source": "192.0.2.1",
  };
  const HOUR_AHEAD = new Date(Date.UTC(2026, 10, 21) + 3_600_000);
  const table: readonly (readonly [string, Record<string, string>, string, "surfaces" | "passes"])[] = [
    ["of a quota", QUOTA, "You have reached your pull rate limit", "surfaces"],
    [
      "of a quota with a short Retry-After",
      { ...QUOTA, "retry-after": "1" },
      "You have reached your pull rate limit",
      "surfaces",
    ],
    [
      "in Docker Hub's words alone",
      { "retry-after": "1" },
      "https://www.docker.com/increase-rate-limit",
      "surfaces",
    ],
    ["that nobody can attribute", {}, "slow down", "surfaces"],
    ["with a Retry-After of a minute", { "retry-after": "60" }, "slow down", "surfaces"],
    ["with a date an hour ahead", { "retry-after": HOUR_AHEAD.toUTCString() }, "slow down", "surfaces"],
    [
      "with an epoch an hour ahead",
      { "retry-after": String(HOUR_AHEAD.getTime() / 1000) },
      "slow down",
      "surfaces",
    ],
    ["with seconds", { "retry-after": "2" }, "slow down", "passes"],
    ["with 880.092µs", { "retry-after": "880.092µs" }, "slow down", "passes"],
    ["with its delay in the words", {}, "retry-after: 985.86µs, allowed: 44000/minute", "passes"],
  ];
  for (const [what, headers, message, outcome] of table) {
    test(`${what} ${outcome}`, async () => {
      world.source.mischief = on("GET", isManifest, 1, status(429, headers, message));
      const words = await world.outcome();
      if (outcome === "passes") equal(words, "copied");
      else match(words, /^source rate-limited: .*429/);
      equal(world.source.count("GET", /manifests/), outcome === "passes" ? 2 : 1);
    });
  }

  test("of the target is a throttle, and passes", async () => {
    world.target.mischief = on("POST", isUpload, 2, status(429));
    equal(await world.outcome(), "copied");
  });

  test("carries its numbers to whoever decides", async () => {
    world.source.mischief = on("GET", isManifest, ALWAYS, status(429, { ...QUOTA, "retry-after": "7200" }));
    const error = await world.copy().catch((failure: unknown) => failure);
    const { kind, quota, retryAfterSeconds } = error as {
      kind: string;
      quota: unknown;
      retryAfterSeconds: number;
    };
    deepEqual(
      { kind, quota, retryAfterSeconds },
      {
        kind: "rate-limited",
        quota: { limit: 100, remaining: 0, windowSeconds: 21_600, source: "192.0.2.1" },
        retryAfterSeconds: 7200,
      },
    );
  });

  test("is not provoked: a source that has nothing left is not asked for a manifest", async () => {
    world.target.addManifest("copy", { schemaVersion: 2, old: true }, OCI_MANIFEST, "v1");
    world.source.mischief = (request, response, registry) => {
      if (request.method !== "HEAD") return false;
      const { bytes } = registry.manifests.get(image.digest) ?? { bytes: Buffer.alloc(0) };
      response
        .writeHead(200, {
          ...QUOTA,
          "content-type": OCI_MANIFEST,
          "content-length": bytes.length,
          "docker-content-digest": image.digest,
        })
        .end();
      return true;
    };
    match(await world.outcome(), /^source rate-limited: .*not asked, the quota is used up/);
    equal(world.source.count("GET", /manifests/), 0);
  });
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

  test("a target that denies mounts still takes uploads", async () => {
    world.target.mischief = (request, response) => {
      if (request.method !== "POST" || !/mount=/.test(request.url ?? "")) return false;
      refuse(response, 403, "DENIED");
      return true;
    };
    equal(await world.outcome({ mountFrom: "elsewhere" }), "copied");
  });
});

function endless(response: import("node:http").ServerResponse, code = 200): void {
  response.writeHead(code, { "content-type": OCI_MANIFEST });
  const piece = randomBytes(64 * 1024);
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
}
