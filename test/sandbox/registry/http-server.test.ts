/** The sandbox's registries over real sockets, as a foreign client meets them. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { request } from "node:http";
import { afterEach, describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { type ServedRegistry, serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import { seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import {
  createRegistry,
  type RegistrySettings,
  type SandboxRegistry,
} from "../../../src/sandbox/registry/registry.ts";
import { BLOB, BYTES, IMAGE, stoppedClock } from "../../support/registries/registry-requests.ts";

const open: ServedRegistry[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function served(
  settings: Partial<RegistrySettings> = {},
): Promise<{ registry: SandboxRegistry; url: string }> {
  const registry = createRegistry({
    kind: "docker-hub",
    host: "registry-1.docker.io",
    clock: stoppedClock(),
    ...settings,
  });
  seedImage(registry, "library/nginx", "1.25", IMAGE);
  const server = await serveRegistry(registry, { address: "203.0.113.7" });
  open.push(server);
  return { registry, url: server.url };
}

const plain = { kind: "plain", host: "registry.example" } as const;

test("a registry's server listens on loopback alone, on a port of its own", async () => {
  match((await served(plain)).url, /^http:\/\/127\.0\.0\.1:\d+$/);
});

test("a whole pull: challenge, token, manifest, redirected blob", async () => {
  const { registry, url } = await served();
  const manifest = `${url}/v2/library/nginx/manifests/1.25`;
  const challenge = (await fetch(manifest)).headers.get("www-authenticate") ?? "";
  const { realm, service, scope } =
    /realm="(?<realm>[^"]+)",service="(?<service>[^"]+)",scope="(?<scope>[^"]+)"/.exec(challenge)?.groups ??
    {};
  equal(realm, `${url}/-/auth.docker.io/token`);
  const answered = await fetch(
    `${realm}?${new URLSearchParams({ service: String(service), scope: String(scope) })}`,
  );
  const { token } = (await answered.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };

  const got = await fetch(manifest, { headers });
  equal(digestOf(new Uint8Array(await got.arrayBuffer())), IMAGE.digest);
  deepEqual(
    [got.headers.get("ratelimit-remaining"), got.headers.get("docker-ratelimit-source")],
    ["99;w=21600", "203.0.113.7"],
  );
  equal(registry.pullsLeft({ address: "203.0.113.7" }), 99);

  const blob = await fetch(`${url}/v2/library/nginx/blobs/${BLOB}`, { headers, redirect: "manual" });
  const location = new URL(blob.headers.get("location") ?? "");
  deepEqual([blob.status, location.hostname], [307, "localhost"]);
  const redirected = await fetch(location.href.replace("localhost", "127.0.0.1"));
  equal(digestOf(new Uint8Array(await redirected.arrayBuffer())), BLOB);
});

describe("what HTTP adds", () => {
  test("a HEAD has the length and no body", async () => {
    const { url } = await served(plain);
    const headed = await fetch(`${url}/v2/library/nginx/blobs/${BLOB}`, { method: "HEAD" });
    deepEqual(
      [headed.status, headed.headers.get("content-length"), (await headed.text()).length],
      [200, String(BYTES.length), 0],
    );
  });

  test("a streamed body without a length is taken", async () => {
    const { url, registry } = await served(plain);
    const opened = await fetch(`${url}/v2/acme/app/blobs/uploads/`, { method: "POST" });
    const location = opened.headers.get("location") ?? "";
    equal(location.startsWith(`${url}/v2/acme/app/blobs/uploads/`), true);
    const status = await new Promise((resolve, reject) => {
      const put = request(`${location}&digest=${digestOf(BYTES)}`, { method: "PUT" }, (answer) =>
        resolve(answer.resume().statusCode),
      );
      put.on("error", reject);
      put.write(BYTES.subarray(0, 10));
      put.end(BYTES.subarray(10));
    });
    equal(status, 201);
    deepEqual(registry.blob(digestOf(BYTES)), Buffer.from(BYTES));
  });

  test("a refusal reaches who is still sending too much", async () => {
    const { url } = await served({ ...plain, behaviour: { layerBytesMax: 10 } });
    const opened = await fetch(`${url}/v2/acme/app/blobs/uploads/`, { method: "POST" });
    const put = await fetch(`${opened.headers.get("location")}&digest=${digestOf(BYTES)}`, {
      method: "PUT",
      body: Buffer.alloc(3_000_000),
    });
    equal(put.status, 413);
  });

  test("a dropped connection is one, and the server goes on", async () => {
    const { url, registry } = await served(plain);
    registry.fail({ on: "manifest-get", times: 1, as: { kind: "reset" } });
    await rejects(fetch(`${url}/v2/library/nginx/manifests/1.25`));
    equal((await fetch(`${url}/v2/library/nginx/manifests/1.25`)).status, 200);
  });

  test("a body that breaks off is seen to", async () => {
    const { url, registry } = await served(plain);
    registry.fail({ on: "blob-get", times: 1, as: { kind: "cut-body", afterBytes: 100 } });
    await rejects(fetch(`${url}/v2/library/nginx/blobs/${BLOB}`).then((answer) => answer.arrayBuffer()));
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["OPTIONS", "/v2/",                       405],
    ["GET",     "//v2/",                      404],
    ["GET",     "/-/evil.example/v2/",        404],
    ["GET",     "/-/auth.docker.io/token",    404],
    ["GET",     "/v2/%",                      404],
    ["GET",     "/",                          404],
  ] as const;
  for (const [method, target, status] of table) {
    test(`${method} ${target} → ${status}`, async () => {
      const { url } = await served(plain);
      equal((await fetch(`${url}${target}`, { method })).status, status);
    });
  }

  test("a taken port is said so", async () => {
    const { url } = await served(plain);
    const registry = createRegistry({ ...plain, clock: stoppedClock() });
    await rejects(serveRegistry(registry, { port: Number(new URL(url).port) }), { code: "EADDRINUSE" });
  });
});
