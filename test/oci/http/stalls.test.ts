/** No caller waits for ever: silence, drops and single bytes on either side, in each phase of a copy. */

import { deepEqual, equal, match } from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, test } from "vitest";
import { CopyWorld, OCI_MANIFEST } from "../../support/registries/copy-world.ts";
import { type Mischief, refuse } from "../../support/registries/loopback-registry.ts";

let world: CopyWorld;
let big: string;
beforeEach(async () => {
  world = await CopyWorld.start();
  big = world.addImage([600_000], "v1").layers[0]?.digest ?? "";
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

/** Answers in the registry's place, where method and path are these. */
function on(method: string, path: RegExp, act: Mischief): Mischief {
  return (request, response, registry) =>
    request.method === method && path.test(request.url ?? "") && act(request, response, registry);
}

/** Only the big layer. */
function onBig(act: Mischief): Mischief {
  return (request, response, registry) =>
    request.method === "GET" && request.url?.endsWith(big) === true && act(request, response, registry);
}

/** A byte now and then: no idle time-out will ever fire. */
async function drip(send: (piece: string) => void, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    send("x");
    await delay(40);
  }
}

const silent =
  (head: (response: ServerResponse) => void): Mischief =>
  (request, response) => {
    request.resume();
    head(response);
    response.flushHeaders();
    return true;
  };
const dripping =
  (head: (response: ServerResponse) => void): Mischief =>
  (request, response) => {
    request.resume();
    head(response);
    void drip(
      (piece) => response.write(piece),
      () => response.destroyed,
    );
    return true;
  };
const okay = (response: ServerResponse): void =>
  void response.writeHead(200, { "content-type": OCI_MANIFEST });
const blob = (response: ServerResponse): void => void response.writeHead(200, { "content-length": 600_000 });
const refused = (response: ServerResponse): void => void response.writeHead(403);
/** Headers that never end, without the server's own bookkeeping. */
const drippingHeaders: Mischief = (request, response) => {
  request.resume();
  const { socket } = request;
  socket.write("HTTP/1.1 200 OK\r\nx-long: ");
  socket.once("close", () => response.destroy());
  void drip(
    (piece) => socket.write(piece),
    () => socket.destroyed,
  );
  return true;
};

const MANIFEST = /\/manifests\//;
const BLOB = /\/blobs\/sha256:/;
const UPLOAD = /\/blobs\/uploads\//;

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, "source" | "target", Mischief, RegExp])[] = [
  ["silence in a manifest",                  "source", on("GET",  MANIFEST, silent(okay)),      /^source unavailable: source: GET manifest .*the answer broke off/],
  ["silence in a blob",                      "source", onBig(silent(blob))           ,      /^source unavailable: .*broke off 6 times/],
  ["silence in the words of a refusal",      "source", on("GET",  MANIFEST, silent(refused)),   /^source denied: .*403/],
  ["silence in what the POST was refused by", "target", on("POST", UPLOAD,  silent(refused)),   /^target denied: .*403/],
  ["silence after an upload",                "target", on("PUT",  UPLOAD,   (request) => Boolean(request.resume())), /^target unavailable: .*nothing came for 1 s/],
  ["silence after a manifest",               "target", on("PUT",  MANIFEST, (request) => Boolean(request.resume())), /^target unavailable: .*nothing came for 0.3 s/],
  ["single bytes of a manifest",             "source", on("GET",  MANIFEST, dripping(okay)),    /^source unavailable: source: GET manifest .*the answer broke off/],
  ["single bytes of a blob",                 "source", onBig(dripping(blob))           ,    /^source unavailable: .*too slowly to end/],
  ["single bytes of a refusal",              "source", on("GET",  MANIFEST, dripping(refused)), /^source denied: .*403/],
  ["single bytes of headers",                "source", on("GET",  MANIFEST, drippingHeaders),   /^source unavailable: .*too slowly to end/],
  ["single bytes of headers",                "target", on("POST", UPLOAD,   drippingHeaders),   /^target unavailable: .*too slowly to end/],
  ["single bytes of a refusal",              "target", on("PUT",  UPLOAD,   dripping(refused)), /^target denied: .*403/],
];

describe("a copy ends, whatever comes", () => {
  for (const [what, side, mischief, outcome] of table) {
    test(`${what} of the ${side}: ${outcome.source}`, async () => {
      if (what.startsWith("single bytes")) world.clock.speed = 1000;
      world[side].mischief = mischief;
      match(await world.outcome(), outcome);
      deepEqual(
        world.target.names("copy").filter((name) => name.startsWith(":")),
        [],
      );
    }, 15_000);
  }

  test("an upload that is read a little at a time: target unavailable", async () => {
    world.addImage([24_000_000], "v1");
    world.clock.speed = 1000;
    let isSlow = true;
    world.target.mischief = on("PUT", UPLOAD, (request) => {
      request.on("data", () => {
        if (!isSlow) return;
        request.pause();
        setTimeout(() => request.resume(), 20);
      });
      return true;
    });
    // The kernel takes megabytes before it says how slow the reader is: either watch may be the one that ends it.
    match(await world.outcome(), /^target unavailable: .*(?:too slowly to end|nothing came for)/);
    isSlow = false;
  }, 15_000);

  test("informational answers without end: source unavailable", async () => {
    world.source.mischief = on("GET", MANIFEST, (request, response) => {
      const more = (): void => {
        if (request.socket.destroyed) response.destroy();
        else request.socket.write("HTTP/1.1 102 Processing\r\n\r\n".repeat(100), () => setImmediate(more));
      };
      more();
      return true;
    });
    match(await world.outcome(), /^source unavailable: .*preliminary answer/);
  }, 15_000);
});

describe("a source that waits while the target takes its time", () => {
  const slowly = (after: (request: Parameters<Mischief>[0]) => void = () => {}): void => {
    // Longer than the idle time-out in all, in pieces that are shorter.
    let waits = 3;
    world.target.mischief = async (request, response) => {
      if (request.method !== "POST" || waits === 0) return false;
      waits -= 1;
      await delay(150);
      after(request);
      refuse(response, 503, "UNAVAILABLE");
      return true;
    };
  };

  test("is not blamed for it: the bytes that lie here are read when their time comes", async () => {
    slowly();
    equal(await world.outcome(), "copied");
    equal(world.source.count("GET", BLOB), 2);
  });

  test("is asked for the rest when it breaks off meanwhile", async () => {
    let cuts = 1;
    world.source.mischief = on("GET", BLOB, (request, response, registry) => {
      const bytes = registry.blobs.get(request.url?.split("/").at(-1) ?? "") ?? Buffer.alloc(0);
      if (bytes.length < 600_000 || cuts === 0) return false;
      cuts -= 1;
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50));
      return true;
    });
    slowly();
    equal(await world.outcome(), "copied");
    equal(world.source.count("GET", BLOB), 3);
  });

  test("is asked again when it says nothing meanwhile", async () => {
    let silences = 1;
    world.source.mischief = on("GET", BLOB, (request, response, registry) => {
      const size = registry.blobs.get(request.url?.split("/").at(-1) ?? "")?.length;
      if (size !== 600_000 || silences === 0) return false;
      silences -= 1;
      response.writeHead(200, { "content-length": size }).flushHeaders();
      return true;
    });
    slowly();
    equal(await world.outcome(), "copied");
  });
});
