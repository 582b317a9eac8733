/**
 * From Docker Hub, as it counts and redirects, into ECR with its real ways: in memory, and over HTTP.
 *
 * `sandbox/registry/behaviour.ts` says what backs each behaviour; the unmeasured ones are tried both ways.
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { parsePlatform } from "../../../src/image/platform.ts";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import type { RegistryBehaviour } from "../../../src/sandbox/registry/behaviour.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import {
  ADDRESS,
  differences,
  ECR_HOST,
  hubToEcr,
  type SandboxCopy,
  sandboxCopy,
} from "../../support/registries/sandbox-copy.ts";

const IMAGE = buildImage({
  name: "app",
  platforms: ["linux/amd64", "linux/arm64"],
  attestations: true,
  layers: 3,
  sharedLayers: 1,
  bytes: 100_000,
});
const MANIFESTS = IMAGE.manifests.length + 1;
const FROM = "acme/app:v1";
const TO = `${ECR_HOST}/mirror/app:v1`;

let world: SandboxCopy;
afterEach(() => world.stop());

async function start(...[ways, more]: Parameters<typeof hubToEcr>): Promise<void> {
  world = await hubToEcr(ways, more);
  seedImage(world.source, "acme/app", "v1", IMAGE);
  world.target.createRepository("mirror/app");
}

const missing = () => differences(world, "acme/app", "mirror/app", IMAGE.digest);
const targetRequests = () => world.target.requests();
/** Manifests that were pulled, as Docker Hub counts them. */
const manifestGets = () => 100 - (world.source.pullsLeft({ address: ADDRESS }) ?? Number.NaN);

describe("a whole image", () => {
  for (const served of [false, true]) {
    test(`arrives ${served ? "over HTTP" : "in memory"}: one PUT for each blob, children first, nothing left open`, async () => {
      await start({}, { served });
      const result = await world.copy(FROM, TO);
      deepEqual(missing(), []);
      deepEqual(world.target.tags("mirror/app"), { v1: IMAGE.digest });
      equal(result.digest, IMAGE.digest);
      const { "upload-put": puts, "upload-patch": patches, "manifest-put": manifests } = targetRequests();
      deepEqual([puts, patches, manifests], [IMAGE.blobs.size, undefined, MANIFESTS]);
      equal(world.target.openUploads(), 0);
    });
  }

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Partial<RegistryBehaviour>])[] = [
    ["later parts are kept (chalk#682)",              { laterParts: "kept-stale-range" }],
    ["later parts are thrown away (roadmap#2831)",    { laterParts: "discarded" }],
    ["PATCH is answered as the specification says",   { patchStatus: 202 }],
    ["a POST takes the whole blob",                   { singlePost: "works" }],
    ["blobs are mounted where the account wants it",  { mounting: "works" }],
    ["only blobs that a manifest names are mounted",  { mounting: "referenced-only" }],
    ["it lists referrers",                            { referrers: true }],
    ["it lists none",                                 { referrers: false }],
    ["locations are relative",                        { locations: "relative" }],
    ["a template creates repositories",               { repositoriesAppear: true }],
    ["a push to no repository is answered",           { pushToAbsentRepository: "answers" }],
    ["images are stored by one PUT a second",         { manifestPutsPerSecond: 1 }],
    ["blobs are served in place",                     { blobsRedirectTo: undefined }],
  ];
  for (const [what, ways] of table) {
    test(`arrives where ${what}`, async () => {
      await start(ways);
      await world.copy(FROM, TO, { referrers: true });
      deepEqual(missing(), []);
      equal((await world.copy(FROM, TO)).alreadyPresent, true);
      equal(targetRequests()["upload-patch"], undefined);
      equal(world.target.openUploads(), 0);
    });
  }
});

describe("ECR's refusals", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Partial<RegistryBehaviour>, string, RegExp])[] = [
    ["no repository, the connection is dropped", {},                                    "absent",     /^target unavailable: .*no answer/],
    ["no repository, and it says so",            { pushToAbsentRepository: "answers" }, "absent",     /^target absent: .*NAME_UNKNOWN/],
    ["a layer over its limit",                   { layerBytesMax: 50_000 },             "mirror/app", /^target malformed: .*413 SIZE_INVALID/],
    ["a manifest over its limit",                { manifestBytesMax: 300 },             "mirror/app", /^target malformed: .*413/],
  ];
  for (const [what, ways, path, outcome] of table) {
    test(`${what}: ${outcome.source}`, async () => {
      await start(ways);
      match(await world.outcome(FROM, `${ECR_HOST}/${path}:v1`), outcome);
      deepEqual(world.target.tags("mirror/app"), {});
    });
  }

  test("succeeds when an immutable tag already has the same digest, even where it is put again", async () => {
    await start();
    world.target.createRepository("mirror/firm", { immutableTags: true });
    const to = `${ECR_HOST}/mirror/firm:v1`;
    equal(await world.outcome(FROM, to), "copied");
    equal(await world.outcome(FROM, to), "already there");
    equal(await world.outcome(FROM, to, { targetIsEmpty: true }), "copied");
    deepEqual(world.target.tags("mirror/firm"), { v1: IMAGE.digest });
  });

  test("two copies at once into an immutable tag end as one", async () => {
    await start();
    world.target.createRepository("mirror/firm", { immutableTags: true });
    const to = `${ECR_HOST}/mirror/firm:v1`;
    const both = await Promise.all([world.copy(FROM, to), world.copy(FROM, to)]);
    deepEqual(
      both.map(({ digest }) => digest),
      [IMAGE.digest, IMAGE.digest],
    );
    deepEqual(world.target.tags("mirror/firm"), { v1: IMAGE.digest });
    deepEqual(differences(world, "acme/app", "mirror/firm", IMAGE.digest), []);
    equal(world.target.openUploads(), 0);
  });

  test("says that an immutable tag has another digest, and leaves it", async () => {
    await start();
    world.target.createRepository("mirror/firm", { immutableTags: true });
    seedImage(world.target, "mirror/firm", "v1", buildImage({ name: "another" }));
    const before = world.target.tags("mirror/firm");
    match(
      await world.outcome(FROM, `${ECR_HOST}/mirror/firm:v1`),
      /^target tag-taken: target: tag v1 is sha256:[0-9a-f]+ and cannot be moved/,
    );
    deepEqual(world.target.tags("mirror/firm"), before);
  });

  test("a password that has run out is fetched anew, once", async () => {
    let asked = 0;
    world = await sandboxCopy({
      source: { kind: "docker-hub", host: "registry-1.docker.io" },
      target: { kind: "ecr", host: ECR_HOST },
      credentials: async (host) => {
        if (host !== ECR_HOST) return undefined;
        asked += 1;
        return basicCredentials("AWS", world.target.issuePassword().password);
      },
    });
    seedImage(world.source, "acme/app", "v1", IMAGE);
    world.target.createRepository("mirror/app");
    equal(await world.outcome(FROM, TO), "copied");
    world.clock.slept += 13 * 60 * 60 * 1000;
    equal(await world.outcome(FROM, `${ECR_HOST}/mirror/app:v2`), "copied");
    equal(asked, 2);
  });
});

describe("one platform", () => {
  test("has its own digest, and the index next to it as proof, though ECR takes no index without its children", async () => {
    await start();
    const [amd] = IMAGE.manifests;
    const result = await world.copy(FROM, TO, { platforms: [parsePlatform("linux/amd64")] });
    deepEqual([result.digest, result.sourceDigest, result.proof], [amd?.digest, IMAGE.digest, "kept"]);
    deepEqual(differences(world, "acme/app", "mirror/app", amd?.digest ?? ""), []);
    equal(manifestGets(), 2);
  });

  for (const [by, from] of [
    ["digest", `acme/app@${IMAGE.digest}`],
    ["tag", FROM],
  ] as const)
    test(`costs no pull the second time, nor the index where another is added by its ${by}`, async () => {
      await start();
      await world.copy(FROM, TO, { platforms: [parsePlatform("linux/amd64")] });
      await world.copy(FROM, TO, { platforms: [parsePlatform("linux/amd64")] });
      equal(manifestGets(), 2);
      await world.copy(from, `${ECR_HOST}/mirror/app:arm`, {
        platforms: [parsePlatform("linux/arm64")],
      });
      equal(manifestGets(), 3, "the index is at the target");
    });
});

describe("the limit", () => {
  test("is reported as it is after the last pull, one for each manifest", async () => {
    await start();
    const { quota } = await world.copy(FROM, TO);
    equal(manifestGets(), MANIFESTS);
    equal(quota?.remaining, 100 - MANIFESTS);
    equal(world.source.pullsLeft({ address: ADDRESS }), 100 - MANIFESTS);
  });

  test("is not touched by what is there already, nor by a target that must be healed", async () => {
    await start();
    await world.copy(FROM, TO);
    await world.copy(FROM, TO);
    equal(manifestGets(), MANIFESTS);
    await start();
    const heal = world.target.fail({
      on: "manifest-put",
      times: 1,
      as: { kind: "status", status: 400, code: "MANIFEST_BLOB_UNKNOWN" },
    });
    equal(await world.outcome(FROM, TO), "copied");
    heal();
    equal(manifestGets(), MANIFESTS);
  });

  test("counts a manifest that broke off on the way: it is not pulled again in secret", async () => {
    await start();
    const cut = { kind: "cut-body", afterBytes: 10 } as const;
    await world.copy(FROM, `${ECR_HOST}/mirror/app:before`);
    const before = manifestGets();
    seedImage(world.source, "acme/app", "v2", buildImage({ name: "next" }));
    world.source.fail({ on: "manifest-get", times: 1, as: cut });
    match(await world.outcome("acme/app:v2", TO), /^source unavailable: .*broke off/);
    equal(manifestGets() - before, 1);
  });

  for (const headAtZero of ["answers", "refuses"] as const) {
    test(`at zero is met once by several images, where a HEAD ${headAtZero}`, async () => {
      await start({}, { hub: { behaviour: { headAtZero } } });
      seedImage(world.target, "mirror/app", "v1", buildImage({ name: "old" }));
      world.source.spend({ address: ADDRESS }, 100);
      for (const tag of ["v1", "v2", "v3"]) {
        match(await world.outcome(FROM, `${ECR_HOST}/mirror/app:${tag}`), /^source rate-limited: /);
      }
      // The first copy resolves the tag, which is free; that answer names the limit.
      equal(world.source.requests()["manifest-get"], undefined);
      world.clock.slept += 6 * 60 * 60 * 1000;
      equal(await world.outcome(FROM, TO), "copied");
    });
  }

  test("in the middle of an image leaves no name, and the next window brings only the rest", async () => {
    await start();
    world.source.spend({ address: ADDRESS }, 98);
    match(await world.outcome(FROM, TO), /^source rate-limited: /);
    deepEqual(world.target.tags("mirror/app"), {});
    world.clock.slept += 6 * 60 * 60 * 1000;
    equal(await world.outcome(FROM, TO), "copied");
    deepEqual(missing(), []);
  });
});
