/** ECR's real ways, as far as they are known, and both ways where they are not. */

import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import type { RegistryBehaviour, RegistryKind } from "../../../src/sandbox/registry/behaviour.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry } from "../../../src/sandbox/registry/registry.ts";
import {
  BLOB,
  BYTES,
  basic,
  type Extras,
  IMAGE,
  say,
  stoppedClock,
} from "../../support/registries/registry-requests.ts";

const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const MEBIBYTE = 1024 * 1024;

function ecr(ways: Partial<RegistryBehaviour> = {}) {
  const clock = stoppedClock();
  const registry = createRegistry({ kind: "ecr", host: HOST, clock, behaviour: ways });
  const { password } = registry.issuePassword();
  registry.createRepository("mirror/app", { immutableTags: true });
  seedImage(registry, "mirror/nginx", "1.25", IMAGE);
  const raw = (line: string, extras?: Extras) =>
    say(registry.asClient("203.0.113.1"), line, `https://${HOST}`, extras);
  const ask = (line: string, extras: Extras = {}) =>
    raw(line, { ...extras, headers: { ...extras.headers, authorization: basic("AWS", password) } });
  return { registry, clock, raw, ask };
}

describe("signing in", () => {
  test("the password that was issued opens it, for twelve hours", async () => {
    const { ask, clock } = ecr();
    equal((await ask("GET /v2/")).status, 200);
    clock.pass(12 * 60 * 60 - 1);
    equal((await ask("GET /v2/")).status, 200);
    clock.pass(1);
    const said = await ask("GET /v2/");
    deepEqual(
      [said.status, said.error],
      [403, "DENIED: Your authorization token has expired. Reauthenticate and try again."],
    );
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["nothing",          undefined],
    ["a wrong password", basic("AWS", "wrong")],
    ["another user",     basic("acme", "wrong")],
    ["a bearer token",   "Bearer anything"],
    ["nonsense",         "Basic !"],
  ] as const;
  for (const [what, authorization] of table) {
    test(`${what} does not`, async () => {
      const said = await ecr().raw(
        "GET /v2/",
        authorization === undefined ? {} : { headers: { authorization } },
      );
      equal(said.status, 401);
      equal(said.headers["www-authenticate"], `Basic realm="https://${HOST}/",service="ecr.amazonaws.com"`);
    });
  }
});

describe("a repository that was not created", () => {
  test("drops the connection of who pushes to it", async () => {
    const { ask, registry } = ecr();
    await rejects(ask("POST /v2/mirror/absent/blobs/uploads/"), { code: "ECONNRESET" });
    await rejects(ask("PUT /v2/mirror/absent/manifests/1", { body: "{}" }), { code: "ECONNRESET" });
    deepEqual(registry.repositories(), ["mirror/app", "mirror/nginx"]);
  });

  test("answers that it does not exist, where the world has ECR answer", async () => {
    const { ask } = ecr({ pushToAbsentRepository: "answers" });
    const said = await ask("POST /v2/mirror/absent/blobs/uploads/");
    deepEqual(
      [said.status, said.error],
      [
        404,
        "NAME_UNKNOWN: The repository with name 'mirror/absent' does not exist in the registry with id '123456789012'",
      ],
    );
  });

  test("is named to who pulls from it", async () => {
    equal((await ecr().ask("GET /v2/mirror/absent/manifests/1")).status, 404);
  });

  test("appears where a template creates it on push", async () => {
    const { ask, registry } = ecr({ repositoriesAppear: true });
    equal((await ask("POST /v2/mirror/absent/blobs/uploads/")).status, 202);
    equal(registry.repositories().includes("mirror/absent"), true);
  });
});

describe("uploads", () => {
  const opened = async (ways: Partial<RegistryBehaviour> = {}) => {
    const world = ecr(ways);
    const { headers } = await world.ask("POST /v2/mirror/app/blobs/uploads/");
    return { ...world, location: String(headers.location) };
  };
  const bytes = new TextEncoder().encode("twelve bytes");
  const digest = digestOf(bytes);

  test("one PUT works", async () => {
    const { ask, location } = await opened();
    equal((await ask(`PUT ${location}&digest=${digest}`, { body: bytes })).status, 201);
  });

  test("one PATCH works, and is answered 201", async () => {
    const { ask, location } = await opened();
    const part = await ask(`PATCH ${location}`, { body: bytes });
    deepEqual([part.status, part.headers.range], [201, "0-11"]);
    equal((await ask(`PUT ${part.headers.location}&digest=${digest}`)).status, 201);
  });

  test("of several PATCHes all but the first are lost, and the PUT finds other bytes", async () => {
    const { ask, location, registry } = await opened();
    await ask(`PATCH ${location}`, { body: "twelve" });
    const second = await ask(`PATCH ${location}`, { body: " bytes" });
    deepEqual([second.status, second.headers.range], [201, "0-5"]);
    const done = await ask(`PUT ${location}&digest=${digest}`);
    deepEqual(
      [done.status, done.error],
      [400, "BLOB_UPLOAD_INVALID: None of the provided layer digests match the calculated layer digest"],
    );
    equal(registry.blob(digest), undefined);
  });

  test("keeps them without moving Range, and refuses a client that believes it", async () => {
    const { ask, location } = await opened({ laterParts: "kept-stale-range", partBytesMin: 0 });
    await ask(`PATCH ${location}`, { body: "twelve", headers: { "content-range": "0-5" } });
    const second = await ask(`PATCH ${location}`, { body: " by", headers: { "content-range": "6-8" } });
    deepEqual([second.status, second.headers.range], [201, "0-5"]);
    equal((await ask(`PATCH ${location}`, { body: "tes", headers: { "content-range": "6-8" } })).status, 416);
    equal(
      (await ask(`PATCH ${location}`, { body: "tes", headers: { "content-range": "9-11" } })).status,
      201,
    );
    equal((await ask(`PUT ${location}&digest=${digest}`)).status, 201);
  });

  // biome-ignore format: a table is read by its columns
  const parts = [
    [5 * MEBIBYTE - 1, 400],
    [5 * MEBIBYTE,     201],
  ] as const;
  for (const [size, status] of parts) {
    test(`after a part of ${size} bytes another gets ${status}`, async () => {
      const { ask, location } = await opened({ laterParts: "kept-stale-range" });
      await ask(`PATCH ${location}`, { body: new Uint8Array(size) });
      equal((await ask(`PATCH ${location}`, { body: "rest" })).status, status);
    });
  }

  // biome-ignore format: a table is read by its columns
  const mounts = [
    ["off",             "mirror/nginx", 202],
    ["referenced-only", "mirror/nginx", 201],
    ["referenced-only", "mirror/loose", 202],
  ] as const;
  for (const [mounting, from, status] of mounts) {
    test(`mounting ${mounting}, from ${from}: ${status}`, async () => {
      const { ask, registry } = ecr({ mounting });
      registry.putBlob("mirror/loose", BYTES);
      equal((await ask(`POST /v2/mirror/app/blobs/uploads/?mount=${BLOB}&from=${from}`)).status, status);
    });
  }
});

describe("storing images", () => {
  const [child] = IMAGE.manifests;
  const put = (name: string, manifest: { bytes: Uint8Array; mediaType: string } | undefined = child) =>
    [
      `PUT /v2/mirror/app/manifests/${name}`,
      { body: manifest?.bytes ?? "", headers: { "content-type": manifest?.mediaType ?? "" } },
    ] as const;
  const withBlobs = (ways: Partial<RegistryBehaviour> = {}) => {
    const world = ecr(ways);
    for (const bytes of IMAGE.blobs.values()) world.registry.putBlob("mirror/app", bytes);
    return world;
  };
  const inside =
    "required for pushing image into repository with name 'mirror/app' in the registry with id '123456789012' do not exist";

  test("layers come before the manifest that names them", async () => {
    const said = await ecr().ask(...put("1"));
    equal(said.status, 404);
    match(said.error, new RegExp(`^BLOB_UNKNOWN: Layers with digests '\\[sha256:.+\\]' ${inside}$`));
  });

  test("children come before the index that lists them", async () => {
    const { ask } = withBlobs();
    const early = await ask(...put("1", IMAGE.index));
    const all = IMAGE.manifests.map(({ digest }) => digest).join(", ");
    deepEqual(
      [early.status, early.error],
      [404, `MANIFEST_BLOB_UNKNOWN: Images with digests '[${all}]' ${inside}`],
    );
    for (const manifest of IMAGE.manifests) equal((await ask(...put(manifest.digest, manifest))).status, 201);
    equal((await ask(...put("1", IMAGE.index))).headers["docker-content-digest"], IMAGE.digest);
  });

  test("an immutable tag refuses even the digest that it has", async () => {
    const { ask } = withBlobs();
    equal((await ask(...put("1"))).status, 201);
    const again = await ask(...put("1"));
    const message =
      "The image tag '1' already exists in the 'mirror/app' repository and cannot be overwritten because the tag is immutable.";
    deepEqual([again.status, again.error], [400, `TAG_INVALID: ${message}`]);
    equal((await ask(...put("2"))).status, 201);
    equal((await ask(...put(String(child?.digest)))).status, 201);
  });

  test("a digest that is not the manifest's is refused in ECR's words", async () => {
    const said = await withBlobs().ask(...put(IMAGE.digest));
    equal(
      said.error,
      `MANIFEST_INVALID: The image with digest '${IMAGE.digest}' in repository 'mirror/app' and registry ID '123456789012' does not match the image digest that Amazon ECR has calculated.`,
    );
  });

  test("an image too many in a second is throttled, and taken a second later", async () => {
    const { ask, clock } = withBlobs({ manifestPutsPerSecond: 2 });
    const statuses = [];
    for (const tag of ["1", "2", "3"]) statuses.push((await ask(...put(tag))).status);
    deepEqual(statuses, [201, 201, 429]);
    equal((await ask(...put("3"))).error, "TOOMANYREQUESTS: Rate exceeded");
    clock.pass(1);
    equal((await ask(...put("3"))).status, 201);
  });
});

describe("serving images", () => {
  const OCI = "application/vnd.oci.image.manifest.v1+json";
  const DOCKER = "application/vnd.docker.distribution.manifest.v2+json";
  const SINGLE = buildImage({ name: "single" });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["1",           `${OCI}, ${DOCKER}`, "as stored"],
    ["1",           DOCKER,              "converted"],
    [SINGLE.digest, DOCKER,              "as stored"],
  ] as const;
  for (const [name, accept, outcome] of table) {
    test(`${name.slice(0, 9)} for who accepts ${accept}: ${outcome}`, async () => {
      const { registry, ask } = ecr();
      seedImage(registry, "mirror/single", "1", SINGLE);
      const said = await ask(`GET /v2/mirror/single/manifests/${name}`, { headers: { accept } });
      equal(said.headers["content-type"], outcome === "converted" ? DOCKER : OCI);
      equal(said.headers["docker-content-digest"], digestOf(said.bytes));
      if (outcome === "converted") notEqual(digestOf(said.bytes), SINGLE.digest);
      else equal(digestOf(said.bytes), SINGLE.digest);
    });
  }

  // biome-ignore format: a table is read by its columns
  const archived = [
    ["answers", 200],
    ["refuses", 404],
  ] as const;
  for (const [headOfArchived, status] of archived) {
    test(`an archived image is not served; a HEAD of it ${headOfArchived}: ${status}`, async () => {
      const { registry, ask } = ecr({ headOfArchived });
      registry.setImageStatus("mirror/nginx", IMAGE.digest, "archived");
      equal(registry.imageStatus("mirror/nginx", IMAGE.digest), "archived");
      equal((await ask("GET /v2/mirror/nginx/manifests/1.25")).status, 404);
      equal((await ask("HEAD /v2/mirror/nginx/manifests/1.25")).status, status);
      registry.setImageStatus("mirror/nginx", IMAGE.digest, "active");
      equal((await ask("GET /v2/mirror/nginx/manifests/1.25")).status, 200);
    });
  }

  test("layers come from the region's bucket, which refuses credentials", async () => {
    const { ask, raw } = ecr();
    const location = String((await ask(`GET /v2/mirror/nginx/blobs/${BLOB}`)).headers.location);
    equal(new URL(location).host, "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com");
    equal((await ask(`GET ${location}`)).status, 400);
    deepEqual((await raw(`GET ${location}`)).bytes, Buffer.from(BYTES));
  });

  test("pulls are not counted", async () => {
    const { ask } = ecr();
    equal((await ask("GET /v2/mirror/nginx/manifests/1.25")).headers["ratelimit-limit"], undefined);
  });
});

describe("ECR Public", () => {
  const kind: RegistryKind = "ecr-public";
  function ecrPublic(ways: Partial<RegistryBehaviour> = {}) {
    const clock = stoppedClock();
    const registry = createRegistry({ kind, host: "public.ecr.aws", clock, behaviour: ways });
    seedImage(registry, "docker/library/nginx", "1.25", IMAGE);
    const raw = (line: string, extras?: Extras) =>
      say(registry.asClient("203.0.113.1"), line, "https://public.ecr.aws", extras);
    const ask = async (line: string) => {
      const { token } = JSON.parse((await raw("GET /token/")).text);
      return await raw(line, { headers: { authorization: `Bearer ${token}` } });
    };
    return { raw, ask, clock };
  }

  test("sends a client without a token to its own token address, which gives everyone one", async () => {
    const { raw, ask } = ecrPublic();
    const said = await raw("GET /v2/docker/library/nginx/manifests/1.25");
    equal(said.status, 401);
    equal(
      said.headers["www-authenticate"],
      'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
    );
    equal(
      (await ask("GET /v2/docker/library/nginx/manifests/1.25")).headers["docker-content-digest"],
      IMAGE.digest,
    );
  });

  test("names a repository that it has not", async () => {
    const said = await ecrPublic().ask("GET /v2/docker/library/azul-zulu/manifests/21");
    deepEqual(
      [said.status, said.error],
      [
        404,
        "NAME_UNKNOWN: The repository with name 'library/azul-zulu' does not exist in the registry with id 'docker'",
      ],
    );
  });

  test("lets no anonymous client push", async () => {
    equal((await ecrPublic().ask("POST /v2/docker/library/nginx/blobs/uploads/")).status, 401);
  });

  test("is not throttled by HEADs, but by more than one pull a second where that is on", async () => {
    const { ask, clock } = ecrPublic({ pullsPerSecond: 1 });
    const pull = () => ask("GET /v2/docker/library/nginx/manifests/1.25");
    equal((await pull()).status, 200);
    const said = await pull();
    deepEqual(
      [said.status, said.error, said.headers["ratelimit-limit"]],
      [429, "TOOMANYREQUESTS: Rate exceeded", undefined],
    );
    equal((await ask("HEAD /v2/docker/library/nginx/manifests/1.25")).status, 200);
    clock.pass(1);
    equal((await pull()).status, 200);
  });
});
