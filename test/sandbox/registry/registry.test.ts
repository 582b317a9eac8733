/** What any client may read from a registry: the distribution specification, line by line. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { BLOB, BYTES, IMAGE, NOTHING, plainRegistry } from "../../support/registries/registry-requests.ts";

const [AMD64] = IMAGE.manifests;

describe("reading", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["GET /v2/",                                                200, ""],
    ["HEAD /v2/",                                               200, ""],
    ["GET /v2/library/nginx/manifests/1.25",                    200, ""],
    ["HEAD /v2/library/nginx/manifests/1.25",                   200, ""],
    [`GET /v2/library/nginx/manifests/${IMAGE.digest}`,         200, ""],
    [`GET /v2/library/nginx/manifests/${AMD64?.digest}`,        200, ""],
    ["GET /v2/library/nginx/manifests/absent",                  404, "MANIFEST_UNKNOWN: manifest unknown"],
    ["HEAD /v2/library/nginx/manifests/absent",                 404, ""],
    [`GET /v2/library/nginx/manifests/${NOTHING}`,              404, "MANIFEST_UNKNOWN: manifest unknown"],
    ["GET /v2/library/absent/manifests/1.25",                   404, "NAME_UNKNOWN: repository name not known to registry"],
    [`GET /v2/library/nginx/blobs/${BLOB}`,                     200, ""],
    [`HEAD /v2/library/nginx/blobs/${BLOB}`,                    200, ""],
    [`GET /v2/library/nginx/blobs/${NOTHING}`,                  404, "BLOB_UNKNOWN: blob unknown to registry"],
    ["GET /v2/library/nginx/blobs/sha256:short",                400, "DIGEST_INVALID: invalid digest"],
    [`GET /v2/library/absent/blobs/${BLOB}`,                    404, "NAME_UNKNOWN: repository name not known to registry"],
    ["GET /v2/library/nginx/tags/list",                         200, ""],
    ["GET /v2/library/absent/tags/list",                        404, "NAME_UNKNOWN: repository name not known to registry"],
    ["GET /v2/_catalog",                                        200, ""],
    ["GET /v2/library/nginx/blobs/uploads/none",                404, "BLOB_UPLOAD_UNKNOWN: blob upload unknown to registry"],
    ["GET /v2/Library/NGINX/manifests/1.25",                    404, "UNSUPPORTED: The operation is unsupported."],
    ["GET /v2/library/../nginx/manifests/1.25",                 404, "NAME_UNKNOWN: repository name not known to registry"],
    ["POST /v2/library/nginx/manifests/1.25",                   404, "UNSUPPORTED: The operation is unsupported."],
    ["GET /v1/anything",                                        404, "UNSUPPORTED: The operation is unsupported."],
    ["GET /v2/%E0%A4%A/manifests/1",                            404, "UNSUPPORTED: The operation is unsupported."],
  ] as const;
  for (const [line, status, error] of table) {
    test(`${line.replace(/[0-9a-f]{60}/, "…")} → ${status} ${error}`, async () => {
      const said = await plainRegistry().ask(line);
      deepEqual([said.status, said.error], [status, error]);
    });
  }

  test("a manifest comes with its bytes, type, length and digest; a HEAD with all but the bytes", async () => {
    const { ask } = plainRegistry();
    const got = await ask("GET /v2/library/nginx/manifests/1.25");
    const headed = await ask("HEAD /v2/library/nginx/manifests/1.25");
    deepEqual(got.bytes, Buffer.from(IMAGE.index?.bytes ?? []));
    equal(got.headers["docker-content-digest"], IMAGE.digest);
    equal(got.headers["content-type"], IMAGE.mediaType);
    equal(got.headers["content-length"], String(got.bytes.length));
    deepEqual(headed.headers, got.headers);
    equal(headed.bytes.length, 0);
  });

  const last = BYTES.length - 1;
  // biome-ignore format: a table is read by its columns
  const ranges = [
    ["",                         200, 0, last],
    ["bytes=0-",                 206, 0, last],
    ["bytes=10-19",              206, 10, 19],
    [`bytes=10-${last + 100}`,   206, 10, last],
    ["bytes=-5",                 206, last - 4, last],
    [`bytes=${last + 1}-`,       416, 0, -1],
    ["bytes=nonsense",           200, 0, last],
  ] as const;
  for (const [range, status, first, end] of ranges) {
    test(`a blob by range ${range || "(none)"} → ${status}, bytes ${first} to ${end}`, async () => {
      const said = await plainRegistry().ask(
        `GET /v2/library/nginx/blobs/${BLOB}`,
        range === "" ? {} : { headers: { range } },
      );
      equal(said.status, status);
      if (status === 416) return equal(said.headers["content-range"], `bytes */${BYTES.length}`);
      deepEqual(said.bytes, Buffer.from(BYTES.subarray(first, end + 1)));
      if (status === 206) equal(said.headers["content-range"], `bytes ${first}-${end}/${BYTES.length}`);
    });
  }

  const accepts = [
    ["application/vnd.oci.image.index.v1+json", "1.25", 200],
    ["*/*", "1.25", 200],
    ["application/json, */*;q=0.1", "1.25", 200],
    ["application/vnd.docker.distribution.manifest.v2+json", "1.25", 404],
    ["application/vnd.docker.distribution.manifest.v2+json", IMAGE.digest, 200],
  ] as const;
  for (const [accept, name, status] of accepts) {
    test(`who accepts ${accept} asks for ${name.slice(0, 12)} → ${status}`, async () => {
      equal(
        (await plainRegistry().ask(`GET /v2/library/nginx/manifests/${name}`, { headers: { accept } }))
          .status,
        status,
      );
    });
  }
});

describe("listing in pages", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["",               "1 2 3 4 5", undefined],
    ["?n=2",           "1 2",       "?n=2&last=2"],
    ["?n=2&last=2",    "3 4",       "?n=2&last=4"],
    ["?n=2&last=4",    "5",         undefined],
    ["?last=3",        "4 5",       undefined],
    ["?n=5",           "1 2 3 4 5", undefined],
    ["?n=0",           "",          undefined],
    ["?n=-1",          "1 2 3 4 5", undefined],
  ] as const;
  for (const [query, tags, next] of table) {
    test(`tags/list${query} → ${tags || "(none)"}${next === undefined ? "" : ", then more"}`, async () => {
      const { registry, ask } = plainRegistry();
      for (const tag of ["3", "1", "5", "2", "4"]) seedImage(registry, "acme/paged", tag, IMAGE);
      const said = await ask(`GET /v2/acme/paged/tags/list${query}`);
      deepEqual(JSON.parse(said.text), { name: "acme/paged", tags: tags === "" ? [] : tags.split(" ") });
      equal(said.headers.link, next && `</v2/acme/paged/tags/list${next}>; rel="next"`);
    });
  }

  test("the catalog has the same pages", async () => {
    const { registry, ask } = plainRegistry();
    registry.createRepository("acme/app");
    const said = await ask("GET /v2/_catalog?n=1");
    deepEqual(
      [JSON.parse(said.text), said.headers.link],
      [{ repositories: ["acme/app"] }, '</v2/_catalog?n=1&last=acme%2Fapp>; rel="next"'],
    );
  });
});

test("requests are counted by what they ask for", async () => {
  const { registry, ask } = plainRegistry();
  for (const line of [
    "GET /v2/",
    "HEAD /v2/library/nginx/manifests/1.25",
    "GET /v2/library/nginx/manifests/1.25",
    "GET /v2/",
  ])
    await ask(line);
  deepEqual(registry.requests(), { ping: 2, "manifest-head": 1, "manifest-get": 1 });
});
