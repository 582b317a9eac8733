/** A registry in trouble, on order. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { BLOB, BYTES, ORIGIN, plainRegistry } from "../../support/registries/registry-requests.ts";

describe("trouble on order", () => {
  const aManifest = "GET /v2/library/nginx/manifests/1.25";

  test("a reset and a refused connection are not answers", async () => {
    const { registry, ask } = plainRegistry();
    registry.fail({ on: "manifest-get", times: 1, as: { kind: "reset" } });
    await rejects(ask(aManifest), { code: "ECONNRESET" });
    equal((await ask(aManifest)).status, 200);
    const lift = registry.fail({ on: "any", as: { kind: "refused" } });
    await rejects(ask(aManifest), { code: "ECONNREFUSED" });
    await rejects(ask("GET /v2/"), { code: "ECONNREFUSED" });
    lift();
    equal((await ask(aManifest)).status, 200);
  });

  test("who is still sending when the connection goes must notice", async () => {
    const { registry, ask } = plainRegistry();
    registry.fail({ on: "upload-start", as: { kind: "reset" } });
    const body = new Readable({ read() {} });
    await rejects(ask("POST /v2/acme/app/blobs/uploads/", { body }), { code: "ECONNRESET" });
    equal(body.destroyed, true);
  });

  test("drains an unread request body", async () => {
    const { ask } = plainRegistry({ behaviour: { signIn: "basic" } });
    const body = Readable.from([BYTES, BYTES]);
    equal((await ask("PUT /v2/acme/app/manifests/1", { body })).status, 401);
    await new Promise((resolve) => body.once("close", resolve));
    equal(body.readableEnded, true);
  });

  test("a status with its words and its Retry-After", async () => {
    const { registry, ask } = plainRegistry();
    registry.fail({
      on: "manifest-get",
      times: 1,
      as: { kind: "status", status: 503, code: "UNAVAILABLE", message: "later", retryAfter: "7" },
    });
    const said = await ask(aManifest);
    deepEqual([said.status, said.error, said.headers["retry-after"]], [503, "UNAVAILABLE: later", "7"]);
    registry.fail({ on: "manifest-get", times: 1, as: { kind: "status", status: 502, bare: "Bad Gateway" } });
    equal((await ask(aManifest)).text, "Bad Gateway");
  });

  test("a body that breaks off, after a true length was promised", async () => {
    const { registry, ask } = plainRegistry();
    registry.fail({ on: "blob-get", times: 1, as: { kind: "cut-body", afterBytes: 10 } });
    await rejects(ask(`GET /v2/library/nginx/blobs/${BLOB}`), { code: "ECONNRESET" });
    registry.fail({ on: "blob-get", times: 1, as: { kind: "cut-body", afterBytes: 1_000_000 } });
    deepEqual((await ask(`GET /v2/library/nginx/blobs/${BLOB}`)).bytes, Buffer.from(BYTES));
  });

  test("bytes that are not the digest's", async () => {
    const { registry, ask } = plainRegistry();
    registry.fail({ on: "blob-get", times: 1, as: { kind: "wrong-bytes" } });
    const said = await ask(`GET /v2/library/nginx/blobs/${BLOB}`);
    equal(said.bytes.length, BYTES.length);
    equal(digestOf(said.bytes) === BLOB, false);
    equal(digestOf((await ask(`GET /v2/library/nginx/blobs/${BLOB}`)).bytes), BLOB);
  });

  test("an aborted request is not answered, an aborted answer does not end well", async () => {
    const { registry } = plainRegistry();
    const url = new URL(`/v2/library/nginx/blobs/${BLOB}`, ORIGIN);
    await rejects(registry.handle({ method: "GET", url, headers: {}, signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
    const stop = new AbortController();
    const { body } = await registry.handle({ method: "GET", url, headers: {}, signal: stop.signal });
    stop.abort();
    await rejects(body.toArray(), { name: "AbortError" });
  });
});
