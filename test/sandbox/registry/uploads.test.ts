/** How blobs get into a registry. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { BLOB, BYTES, NOTHING, plainRegistry } from "../../support/registries/registry-requests.ts";

describe("uploading a blob", () => {
  const bytes = new TextEncoder().encode("twelve bytes");
  const digest = digestOf(bytes);

  test("in one PUT, with the digest added to the address that was given", async () => {
    const { registry, ask } = plainRegistry();
    const opened = await ask("POST /v2/acme/app/blobs/uploads/");
    deepEqual([opened.status, opened.headers.range], [202, "0-0"]);
    const done = await ask(`PUT ${opened.headers.location}&digest=${digest}`, {
      body: Readable.from([bytes]),
      headers: { "content-length": "12" },
    });
    deepEqual([done.status, done.headers["docker-content-digest"]], [201, digest]);
    deepEqual(registry.blob(digest), bytes);
    equal((await ask(`GET ${done.headers.location}`)).text, "twelve bytes");
    equal(registry.openUploads(), 0);
  });

  test("in parts, whose progress can be asked for", async () => {
    const { ask } = plainRegistry();
    const opened = await ask("POST /v2/acme/app/blobs/uploads/");
    const first = await ask(`PATCH ${opened.headers.location}`, {
      body: "twelve",
      headers: { "content-range": "0-5" },
    });
    deepEqual([first.status, first.headers.range], [202, "0-5"]);
    const status = await ask(`GET ${first.headers.location}`);
    deepEqual(
      [status.status, status.headers.range, status.headers["content-length"]],
      [204, "0-5", undefined],
    );
    const twice = await ask(`PATCH ${first.headers.location}`, {
      body: "twelve",
      headers: { "content-range": "0-5" },
    });
    deepEqual([twice.status, twice.headers.range], [416, "0-5"]);
    const second = await ask(`PATCH ${first.headers.location}`, {
      body: " by",
      headers: { "content-range": "6-8" },
    });
    deepEqual([second.status, second.headers.range], [202, "0-8"]);
    equal((await ask(`PUT ${second.headers.location}&digest=${digest}`, { body: "tes" })).status, 201);
    equal((await ask(`GET /v2/acme/app/blobs/${digest}`)).text, "twelve bytes");
  });

  // biome-ignore format: a table is read by its columns
  const wrong = [
    ["another digest",  digestOf("else"),  "twelve bytes", "400 DIGEST_INVALID: provided digest did not match uploaded content"],
    ["no digest",       "",                "twelve bytes", "400 DIGEST_INVALID: provided digest did not match uploaded content"],
    ["too few bytes",   digest,            "twelve byte",  "400 DIGEST_INVALID: provided digest did not match uploaded content"],
  ] as const;
  for (const [what, named, body, said] of wrong) {
    test(`${what}: ${said}`, async () => {
      const { registry, ask } = plainRegistry();
      const opened = await ask("POST /v2/acme/app/blobs/uploads/");
      const done = await ask(`PUT ${opened.headers.location}&digest=${named}`, { body });
      equal(`${done.status} ${done.error}`, said);
      equal((await ask(`HEAD /v2/acme/app/blobs/${digest}`)).status, 404);
      equal(registry.openUploads(), 0);
    });
  }

  test("a sha512 digest is checked as one", async () => {
    const { ask } = plainRegistry();
    const sha512 = "sha512:".concat(
      (await import("node:crypto")).createHash("sha512").update(bytes).digest("hex"),
    );
    const opened = await ask("POST /v2/acme/app/blobs/uploads/");
    equal((await ask(`PUT ${opened.headers.location}&digest=${sha512}`, { body: bytes })).status, 201);
    equal((await ask(`GET /v2/acme/app/blobs/${sha512}`)).text, "twelve bytes");
  });

  test("a body that ends early is a broken connection, and nothing is stored", async () => {
    const { registry, ask } = plainRegistry();
    const opened = await ask("POST /v2/acme/app/blobs/uploads/");
    const short = ask(`PUT ${opened.headers.location}&digest=${digest}`, {
      body: Readable.from([bytes]),
      headers: { "content-length": "13" },
    });
    await rejects(short, { code: "ECONNRESET" });
    equal(registry.blob(digest), undefined);
  });

  test("an upload of another repository, a cancelled and a finished one are unknown", async () => {
    const { ask } = plainRegistry();
    const opened = await ask("POST /v2/acme/app/blobs/uploads/");
    const elsewhere = String(opened.headers.location).replace("acme/app", "acme/other");
    equal(
      (await ask(`PATCH ${elsewhere}`, { body: "x" })).error,
      "BLOB_UPLOAD_UNKNOWN: blob upload unknown to registry",
    );
    equal((await ask(`DELETE ${opened.headers.location}`)).status, 204);
    equal((await ask(`PUT ${opened.headers.location}&digest=${digest}`, { body: bytes })).status, 404);
  });

  test("a blob is bounded where the registry says so; who sends more is answered, and the rest let flow away", async () => {
    const { ask } = plainRegistry({ behaviour: { layerBytesMax: 5 } });
    const opened = await ask("POST /v2/acme/app/blobs/uploads/");
    const body = Readable.from([bytes, bytes, bytes]);
    const done = await ask(`PUT ${opened.headers.location}&digest=${digest}`, { body });
    deepEqual([done.status, done.error], [413, "SIZE_INVALID: blob is larger than this registry takes"]);
    if (!body.closed) await new Promise((resolve) => body.once("close", resolve));
    equal(body.readableEnded, true);
  });

  // biome-ignore format: a table is read by its columns
  const single = [
    ["opens-session", 202],
    ["works",         201],
  ] as const;
  for (const [singlePost, status] of single) {
    test(`a POST with digest and bytes, where it ${singlePost}: ${status}`, async () => {
      const { registry, ask } = plainRegistry({ behaviour: { singlePost } });
      equal((await ask(`POST /v2/acme/app/blobs/uploads/?digest=${digest}`, { body: bytes })).status, status);
      equal(registry.blob(digest) !== undefined, status === 201);
    });
  }

  test("addresses may be relative", async () => {
    const { ask } = plainRegistry({ behaviour: { locations: "relative" } });
    match(
      String((await ask("POST /v2/acme/app/blobs/uploads/")).headers.location),
      /^\/v2\/acme\/app\/blobs\/uploads\/[0-9a-f-]{36}\?_state=/,
    );
  });
});

describe("mounting a blob from another repository", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["works",           "library/nginx", BLOB,    201],
    ["works",           "library/nginx", NOTHING, 202],
    ["works",           "library/other", BLOB,    202],
    ["works",           "loose/blobs",   BLOB,    201],
    ["referenced-only", "library/nginx", BLOB,    201],
    ["referenced-only", "loose/blobs",   BLOB,    202],
    ["off",             "library/nginx", BLOB,    202],
  ] as const;
  for (const [mounting, from, digest, status] of table) {
    test(`${mounting}: ${digest === NOTHING ? "an unknown blob" : "a blob"} of ${from} → ${status}`, async () => {
      const { registry, ask } = plainRegistry({ behaviour: { mounting } });
      registry.putBlob("loose/blobs", BYTES);
      const said = await ask(`POST /v2/acme/app/blobs/uploads/?mount=${digest}&from=${from}`);
      equal(said.status, status);
      equal((await ask(`HEAD /v2/acme/app/blobs/${BLOB}`)).status, status === 201 ? 200 : 404);
      equal(registry.openUploads(), status === 201 ? 0 : 1);
    });
  }
});
