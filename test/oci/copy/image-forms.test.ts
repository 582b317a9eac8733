/** Every form of image arrives as the bytes that it was: between registries of the sandbox, and into its ECR. */

import { deepEqual, equal, match } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { IMAGE_FORMS, putForm } from "../../support/registries/image-forms.ts";
import {
  differences,
  ECR_HOST,
  hubToEcr,
  type SandboxCopy,
  sandboxCopy,
} from "../../support/registries/sandbox-copy.ts";

let world: SandboxCopy;
afterEach(() => world.stop());

describe("every form of image", () => {
  for (const form of Object.keys(IMAGE_FORMS)) {
    test(`${form}: by digest the same at a plain registry, and at ECR`, async () => {
      world = await sandboxCopy();
      const digest = putForm(world.source, "app", form);
      const { digest: copied, mediaType } = await world.copy(
        "source.example/app:v1",
        "target.example/copy:v1",
      );
      equal(copied, digest);
      deepEqual(differences(world, "app", "copy", digest), []);
      deepEqual(world.target.tags("copy"), { v1: digest });
      equal(mediaType, world.source.manifest("app", "v1")?.mediaType);

      world = await hubToEcr();
      putForm(world.source, "acme/app", form);
      world.target.createRepository("mirror/app");
      await world.copy("acme/app:v1", `${ECR_HOST}/mirror/app:v1`);
      deepEqual(differences(world, "acme/app", "mirror/app", digest), []);
    });
  }
});

describe("blobs that need not be fetched", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, number])[] = [
    ["the same empty layer twice",                       3],
    ["platforms that share blobs",                       8],
    ["an artifact with the empty config",                1],
    ["content that a descriptor carries, and no blob",   0],
    ["carried content that is not what its digest says", 1],
  ];
  for (const [form, fetched] of table) {
    test(`${form}: ${fetched} are`, async () => {
      world = await sandboxCopy();
      putForm(world.source, "app", form);
      await world.copy("source.example/app:v1", "target.example/copy:v1");
      equal(world.source.requests()["blob-get"] ?? 0, fetched);
    });
  }
});

test("a foreign layer stays at its publisher's, and is reported", async () => {
  world = await sandboxCopy();
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    digest: digestOf("windows"),
    size: 1_000_000,
    urls: ["https://publisher.example/layer"],
  };
  const config = new TextEncoder().encode("{}");
  const document = {
    schemaVersion: 2,
    mediaType: type,
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      digest: world.source.putBlob("app", config),
      size: config.length,
    },
    layers: [foreign],
  };
  const digest = world.source.putManifest(
    "app",
    new TextEncoder().encode(JSON.stringify(document)),
    type,
    "v1",
  );
  const result = await world.copy("source.example/app:v1", "target.example/copy:v1");
  deepEqual(result.foreignLayers, [foreign.digest]);
  deepEqual(differences(world, "app", "copy", digest), []);
  equal(world.target.blob(foreign.digest), undefined);
  equal(
    world.sent.some(({ url }) => url.host === "publisher.example"),
    false,
  );
});

test("schema 1 is refused with a clear word, and nothing is written", async () => {
  world = await sandboxCopy();
  const document = new TextEncoder().encode(JSON.stringify({ schemaVersion: 1, name: "app", fsLayers: [] }));
  const type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  const digest = world.source.putManifest("app", document, type);
  match(
    await world.outcome(`source.example/app@${digest}`, "target.example/copy:v1"),
    /^source unsupported: .*schema 1, which no registry of today takes: push the image anew/,
  );
  deepEqual(world.target.repositories(), []);
});
