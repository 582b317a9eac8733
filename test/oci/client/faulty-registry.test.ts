/** Registries that are faulty in a way that a copy can live with: it comes through, or says in whose words it did not. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { CopyError } from "../../../src/oci/copy/copy-error.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import { makeCertificate } from "../../support/certificate.ts";
import { ALWAYS, isBlob, isManifest, isUpload, on, status } from "../../support/registries/body-faults.ts";
import { CopyWorld } from "../../support/registries/copy-world.ts";
import { ESCAPES } from "../../support/registries/hostile-registry.ts";
import { LoopbackRegistry, type Mischief, refuse } from "../../support/registries/loopback-registry.ts";

let world: CopyWorld;
beforeEach(async () => {
  world = await CopyWorld.start();
});
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

/** Ends each connection at its second request, as a peer does that has closed it meanwhile. */
function staleWhenKept(): Mischief {
  const used = new WeakSet<object>();
  return ({ socket }) => {
    if (used.has(socket)) socket.destroy();
    used.add(socket);
    return socket.destroyed;
  };
}

describe("a copy comes through", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, () => void])[] = [
    ["a target whose kept connections are stale", () => { world.target.mischief = staleWhenKept(); }],
    ["a source whose kept connections are stale", () => { world.source.mischief = staleWhenKept(); }],
    ["a source that knows no HEAD",               () => { world.source.mischief = on("HEAD", isManifest, ALWAYS, status(405)); }],
    ["a target that knows no HEAD",               () => { world.target.mischief = on("HEAD", () => true, ALWAYS, status(405)); }],
    ["a target that says no digest of what it stored", () => { world.target.mischief = on("PUT", isManifest, ALWAYS, storesInSilence); }],
  ];
  for (const [because, arrange] of table) {
    test(`through ${because}`, async () => {
      world.addImage([300_000, 200_000, 100_000], "v1");
      arrange();
      equal(await world.outcome(), "copied");
    }, 20_000);
  }

  test("waits as long as the target asks for at a big blob", async () => {
    world.addImage([300_000], "v1");
    const isBig: Mischief = (request, response) => {
      if (Number(request.headers["content-length"]) < 300_000) return false;
      request.resume();
      refuse(response, 429, "TOOMANYREQUESTS", "slow", { "retry-after": "7" });
      world.target.mischief = () => false;
      return true;
    };
    world.target.mischief = on("PUT", isUpload, ALWAYS, isBig);
    const before = world.clock.slept;
    equal(await world.outcome(), "copied");
    equal(world.clock.slept - before >= 7000, true);
  });

  test("where a mount was said to be done and was not", async () => {
    world.addImage([300_000], "v1");
    const { source } = world;
    source.mischief = (request, response) => {
      if (request.method !== "POST" || request.url?.includes("mount=") !== true) return false;
      response.writeHead(201, { location: "/v2/other/blobs/x", "content-length": 0 }).end();
      return true;
    };
    const { blobsMoved, blobsMounted } = await world.copy({
      target: parseReference(`${source.host}/other:v1`),
    });
    deepEqual({ blobsMoved, blobsMounted }, { blobsMoved: 2, blobsMounted: 0 });
  });
});

const storesInSilence: Mischief = (request, response, registry) => {
  const writeHead = response.writeHead.bind(response) as (code: number, headers: object) => typeof response;
  response.writeHead = ((code: number) =>
    writeHead(code, { "content-length": 0 })) as typeof response.writeHead;
  return registry.honest(request, response).then(() => true);
};

describe("a registry in whose place a proxy answers with a page", () => {
  const page: Mischief = (_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>");
    return true;
  };
  const head = (digest: string) =>
    createRegistries({ send: world.send, clock: world.clock }).headManifest(
      parseReference(`${world.source.host}/app@${digest}`),
    );

  test("is not believed to have the digest that it was asked for", async () => {
    const { digest } = world.addImage([1000], "v1");
    world.source.mischief = page;
    await rejects(head(digest), { name: "RegistryError", kind: "malformed" });
  });

  test("is asked for the manifest itself when the page answers HEAD alone", async () => {
    const { digest } = world.addImage([1000], "v1");
    world.source.mischief = on("HEAD", isManifest, ALWAYS, page);
    equal((await head(digest))?.digest, digest);
    equal(await head(`sha256:${"0".repeat(64)}`), undefined);
  });
});

test("names of platforms move no cursor and do not flood the message", async () => {
  const image = world.addImage([1000]);
  const platforms = Array.from({ length: 500 }, (_, at) => ({
    os: "linux",
    architecture: `${ESCAPES}${"x".repeat(4000)}${at}`,
  }));
  world.addIndex(
    platforms.map((platform) => ({ ...image, platform })),
    "v1",
  );
  const error = await world.copy({ platforms: [{ os: "linux", architecture: "arm64" }] }).catch((it) => it);
  if (!(error instanceof CopyError)) throw error;
  equal(error.kind, "platform-absent");
  equal(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(error.message), false);
  equal(error.message.length < 4000, true);
});

test("what a place answers to which the registry pointed is not said to be the registry's word", async () => {
  world.addImage([300_000], "v1");
  const elsewhere = await LoopbackRegistry.start();
  elsewhere.mischief = status(403);
  world.source.mischief = on("GET", isBlob, ALWAYS, (request, response) => {
    response.writeHead(307, { location: `${elsewhere.url}${request.url}`, "content-length": 0 }).end();
    return true;
  });
  match(await world.outcome(), new RegExp(`${elsewhere.host} \\(for ${world.source.host}\\) answered 403`));
  await elsewhere.stop();
});

test("a blob whose chunks cannot be read is asked for once, and the reason is reported", async () => {
  const big = world.addImage([300_000], "v1").layers[0]?.digest ?? "";
  world.source.mischief = on(
    "GET",
    (path) => path.endsWith(big),
    ALWAYS,
    ({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\nno size\r\n");
      return true;
    },
  );
  match(await world.outcome(), /^source unavailable: .*a chunk's size is not a number/);
  equal(world.source.count("GET", new RegExp(`${big}$`)), 1);
});

test("a certificate of an unknown authority names the setting that would trust it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "repull-certificate-"));
  const { certificate: cert, key } = await makeCertificate(folder);
  const server = https.createServer({ cert, key }, (_, response) => response.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endpoints = new Map([["registry.example", `https://${host}`]]);
  const registries = createRegistries({ send: world.send, clock: world.clock, endpoints });
  const asked = registries.headManifest(parseReference("registry.example/app:v1"));
  await rejects(asked, { kind: "unavailable", transient: false, message: /NODE_EXTRA_CA_CERTS/ });
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

describe("a copy that is stopped", () => {
  test("in the middle of an upload gives the upload up", async () => {
    world.addImage([600_000, 500_000], "v1");
    const stop = new AbortController();
    world.target.mischief = on("PUT", isUpload, ALWAYS, (request) => {
      request.pause();
      setTimeout(() => stop.abort(new Error("interrupted")), 50);
      return true;
    });
    match(await world.outcome({}, { signal: stop.signal }), /aborted/);
    deepEqual([...world.target.openUploads], []);
  });

  test("while an upload's beginning is on its way gives up what has begun", async () => {
    world.addImage([600_000, 500_000, 1000], "v1");
    const stop = new AbortController();
    world.target.mischief = on("POST", isUpload, ALWAYS, async () => {
      stop.abort(new Error("interrupted"));
      await delay(200);
      return false;
    });
    match(await world.outcome({}, { signal: stop.signal }), /aborted/);
    equal(world.target.count("POST", /uploads/) > 0, true);
    deepEqual([...world.target.openUploads], []);
  });

  test("does not wait for a DELETE that is not answered", async () => {
    world.addImage([600_000], "v1");
    const stop = new AbortController();
    world.target.mischief = (request) => {
      if (request.method === "PUT") setTimeout(() => stop.abort(new Error("interrupted")), 10);
      request.resume();
      return request.method === "PUT" || request.method === "DELETE";
    };
    const started = performance.now();
    match(await world.outcome({}, { signal: stop.signal }), /aborted/);
    // Three seconds, and as much again for a machine that is busy.
    equal(performance.now() - started < 6000, true);
  }, 20_000);
});

test("uploads and the long bodies that feed them by a proxy do not wait for one another", async () => {
  const proxy = await LoopbackRegistry.start();
  // The proxy is the registry: what is asked of it names the whole URL.
  proxy.mischief = async (request, response, registry) => {
    request.url = request.url?.replace(/^http:\/\/[^/]+/, "") ?? "";
    if (request.method === "PUT") await delay(20);
    await registry.honest(request, response);
    return true;
  };
  const { digest, size } = proxy.addBlob("app", Buffer.alloc(2_000_000, 1));
  const send = httpTransport({ proxyEnv: { http_proxy: proxy.url }, socketsPerHostMax: 2, idleSeconds: 2 });
  const url = new URL(`http://registry.example/v2/app/blobs/${digest}`);
  const asked = { url, headers: {}, reach: "loopback", bulk: true } as const;
  // As many bodies as there are connections are open, and none of them is read until its upload has begun.
  const bodies = await Promise.all([1, 2].map(() => send({ ...asked, method: "GET" })));
  const puts = bodies.map(({ body }) =>
    send({
      method: "PUT",
      url: new URL(`http://registry.example/v2/app/blobs/uploads/1?digest=${digest}`),
      headers: { "content-length": String(size) },
      reach: "loopback",
      body,
    }),
  );
  deepEqual(
    (await Promise.all(puts)).map(({ status: code }) => code),
    [201, 201],
  );
  send.close();
  await proxy.stop();
}, 20_000);
