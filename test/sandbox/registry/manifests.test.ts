/** How manifests get into a registry and out of it, and who may. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import {
  BLOB,
  BYTES,
  basic,
  IMAGE,
  NOTHING,
  plainRegistry,
} from "../../support/registries/registry-requests.ts";

const [AMD64] = IMAGE.manifests;

describe("storing a manifest", () => {
  const index = Buffer.from(IMAGE.index?.bytes ?? []).toString("utf8");
  const child = Buffer.from(AMD64?.bytes ?? []).toString("utf8");
  const type = (mediaType: string | undefined) => ({ "content-type": String(mediaType) });
  const CHILD = type(AMD64?.mediaType);
  const INDEX = type(IMAGE.mediaType);
  // biome-ignore format: a table is read by its columns
  const table = [
    ["where everything is there, by tag",       "PUT /v2/library/nginx/manifests/new",                      INDEX, index,           "201"],
    ["where everything is there, by digest",    `PUT /v2/library/nginx/manifests/${IMAGE.digest}`,          INDEX, index,           "201"],
    ["without a content type",                  "PUT /v2/library/nginx/manifests/new",                      {},    index,           "201"],
    ["by a digest that it has not",             `PUT /v2/library/nginx/manifests/${NOTHING}`,               INDEX, index,           "400 DIGEST_INVALID: provided digest did not match uploaded content"],
    ["whose blobs are not there",               "PUT /v2/acme/empty/manifests/new",                         CHILD, child,           "400 MANIFEST_BLOB_UNKNOWN: blob unknown to registry"],
    ["whose children are not there",            "PUT /v2/acme/empty/manifests/new",                         INDEX, index,           "400 MANIFEST_BLOB_UNKNOWN: blob unknown to registry"],
    ["of another type than it says",            "PUT /v2/library/nginx/manifests/new",                      CHILD, index,           "400 MANIFEST_INVALID: mediaType does not match the content type"],
    ["that is not JSON",                         "PUT /v2/library/nginx/manifests/new",                      INDEX, "{",             "400 MANIFEST_INVALID: manifest invalid"],
    ["that is not an object",                       "PUT /v2/library/nginx/manifests/new",                      INDEX, "[1]",           "400 MANIFEST_INVALID: manifest invalid"],
    ["that is not a manifest",                     "PUT /v2/library/nginx/manifests/new",                      type("text/plain"), "{}", "400 MANIFEST_INVALID: manifest invalid"],
    ["under a malformed tag",                   "PUT /v2/library/nginx/manifests/-new",                     INDEX, index,           "400 TAG_INVALID: manifest tag did not match URI"],
    ["of more than 4 MiB",                      "PUT /v2/library/nginx/manifests/new",                      INDEX, index.padEnd(4 * 1024 * 1024 + 1), "413 MANIFEST_INVALID: manifest is too large"],
    ["of exactly 4 MiB",                        "PUT /v2/library/nginx/manifests/new",                      INDEX, index.padEnd(4 * 1024 * 1024), "201"],
  ] as const;
  for (const [what, line, headers, body, outcome] of table) {
    test(`${what}: ${outcome}`, async () => {
      const { registry, ask } = plainRegistry();
      const said = await ask(line, { headers, body });
      equal(`${said.status} ${said.error}`.trim(), outcome);
      const stored = registry.manifest("library/nginx", "new");
      equal(stored !== undefined, said.status === 201 && line.endsWith("/new"));
      if (stored !== undefined) equal(stored.digest, digestOf(body));
    });
  }

  // biome-ignore format: a table is read by its columns
  const elsewhere = [
    ["has urls",            { mediaType: "application/vnd.oci.image.layer.v1.tar", urls: ["https://cdn.example/layer"] }, 201],
    ["is docker's foreign", { mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" },                   201],
    ["is OCI's older kind", { mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" },                201],
    ["is of neither kind",  { mediaType: "application/vnd.oci.image.layer.v1.tar" },                                      400],
  ] as const;
  for (const [what, layer, status] of elsewhere) {
    test(`a layer that is not there and ${what}: ${status}`, async () => {
      const { ask } = plainRegistry();
      const manifest = JSON.parse(child);
      const layers = [...manifest.layers, { ...layer, digest: NOTHING, size: 1 }];
      const body = JSON.stringify({ ...manifest, layers });
      equal((await ask("PUT /v2/library/nginx/manifests/new", { headers: CHILD, body })).status, status);
    });
  }

  test("a tag moves to what it is put at last", async () => {
    const { registry, ask } = plainRegistry();
    await ask("PUT /v2/library/nginx/manifests/1.25", { headers: CHILD, body: child });
    deepEqual(registry.tags("library/nginx"), { "1.25": AMD64?.digest });
  });
});

describe("removing", () => {
  test("a tag leaves the manifest; a digest takes all its tags along", async () => {
    const { registry, ask } = plainRegistry();
    seedImage(registry, "library/nginx", "latest", IMAGE);
    equal((await ask("DELETE /v2/library/nginx/manifests/1.25")).status, 202);
    deepEqual(Object.keys(registry.tags("library/nginx")), ["latest"]);
    equal((await ask(`DELETE /v2/library/nginx/manifests/${IMAGE.digest}`)).status, 202);
    deepEqual(registry.tags("library/nginx"), {});
    equal((await ask(`GET /v2/library/nginx/manifests/${IMAGE.digest}`)).status, 404);
    equal((await ask(`DELETE /v2/library/nginx/manifests/${IMAGE.digest}`)).status, 404);
  });

  test("a blob leaves one repository, not the others", async () => {
    const { registry, ask } = plainRegistry();
    registry.putBlob("acme/app", BYTES);
    equal((await ask(`DELETE /v2/library/nginx/blobs/${BLOB}`)).status, 202);
    equal((await ask(`GET /v2/library/nginx/blobs/${BLOB}`)).status, 404);
    equal((await ask(`GET /v2/acme/app/blobs/${BLOB}`)).status, 200);
  });

  test("not where the registry does not allow it", async () => {
    const { registry, ask } = plainRegistry({ behaviour: { deletes: false } });
    equal((await ask("DELETE /v2/library/nginx/manifests/1.25")).status, 405);
    equal((await ask(`DELETE /v2/library/nginx/blobs/${BLOB}`)).status, 405);
    deepEqual(Object.keys(registry.tags("library/nginx")), ["1.25"]);
  });
});

describe("what refers to a manifest", () => {
  const subject = { mediaType: IMAGE.mediaType, digest: IMAGE.digest, size: IMAGE.index?.bytes.length };
  const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 };
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: AMD64?.mediaType,
    artifactType: "application/x-signature",
    config,
    layers: [],
    subject,
    annotations: { by: "test" },
  });
  const headers = { "content-type": String(AMD64?.mediaType) };

  test("is listed with its type and annotations, and may be filtered by type", async () => {
    const { registry, ask } = plainRegistry();
    registry.putBlob("library/nginx", new TextEncoder().encode("{}"));
    const put = await ask(`PUT /v2/library/nginx/manifests/${digestOf(body)}`, { headers, body });
    deepEqual([put.status, put.headers["oci-subject"]], [201, IMAGE.digest]);
    const all = await ask(`GET /v2/library/nginx/referrers/${IMAGE.digest}`);
    const listed = {
      mediaType: AMD64?.mediaType,
      digest: digestOf(body),
      size: body.length,
      artifactType: "application/x-signature",
      annotations: { by: "test" },
    };
    deepEqual(JSON.parse(all.text).manifests, [listed]);
    equal(all.headers["content-type"], "application/vnd.oci.image.index.v1+json");
    const other = await ask(
      `GET /v2/library/nginx/referrers/${IMAGE.digest}?artifactType=application/x-other`,
    );
    deepEqual([JSON.parse(other.text).manifests, other.headers["oci-filters-applied"]], [[], "artifactType"]);
    deepEqual(JSON.parse((await ask(`GET /v2/library/nginx/referrers/${NOTHING}`)).text).manifests, []);
  });

  test("is not listed where the registry has no such API", async () => {
    const { registry, ask } = plainRegistry({ behaviour: { referrers: false } });
    registry.putBlob("library/nginx", new TextEncoder().encode("{}"));
    equal(
      (await ask(`PUT /v2/library/nginx/manifests/${digestOf(body)}`, { headers, body })).headers[
        "oci-subject"
      ],
      undefined,
    );
    equal((await ask(`GET /v2/library/nginx/referrers/${IMAGE.digest}`)).status, 404);
  });
});

describe("signing in to a registry of one's own", () => {
  const accounts = [{ user: "acme", password: "right" }];
  // biome-ignore format: a table is read by its columns
  const table = [
    ["basic", undefined,               401],
    ["basic", basic("acme", "wrong"),  401],
    ["basic", basic("acme", "right"),  200],
    ["none",  undefined,               200],
    ["none",  basic("acme", "wrong"),  200],
  ] as const;
  for (const [signIn, authorization, status] of table) {
    test(`${signIn}, ${authorization ?? "nothing"} → ${status}`, async () => {
      const { ask } = plainRegistry({ accounts, behaviour: { signIn } });
      const said = await ask(
        "GET /v2/library/nginx/tags/list",
        authorization === undefined ? {} : { headers: { authorization } },
      );
      equal(said.status, status);
      equal(said.headers["www-authenticate"], status === 401 ? 'Basic realm="registry.example"' : undefined);
    });
  }
});
