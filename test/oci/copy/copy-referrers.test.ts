/** The referrers of an image are copied with it: from the registry's list, from the fallback tag, from cosign's tags. */

import { deepEqual, equal, match } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { type Digest, digestOf } from "../../../src/image/digest.ts";
import { parsePlatform } from "../../../src/image/platform.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { differences, type SandboxCopy, sandboxCopy } from "../../support/registries/sandbox-copy.ts";

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const EMPTY = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 };
const IMAGE = buildImage({ name: "app", platforms: ["linux/amd64", "linux/arm64"], attestations: true });
const AMD = IMAGE.manifests[0]?.digest ?? IMAGE.digest;
const REQUEST = ["source.example/app:v1", "target.example/copy:v1", { referrers: true }] as const;

let world: SandboxCopy;
afterEach(() => world.stop());

async function start(source: boolean, target: boolean): Promise<void> {
  world = await sandboxCopy({
    source: { behaviour: { referrers: source } },
    target: { behaviour: { referrers: target } },
  });
  seedImage(world.source, "app", "v1", IMAGE);
}

/** An artifact at the source: a signature, or whatever it is called. */
function attach(what: string, subject?: Digest, tag?: string) {
  const bytes = new TextEncoder().encode(what);
  world.source.putBlob("app", new TextEncoder().encode("{}"));
  const layer = { mediaType: "text/plain", digest: world.source.putBlob("app", bytes), size: bytes.length };
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: `application/x-${what}`,
    config: EMPTY,
    layers: [layer],
    ...(subject === undefined ? {} : { subject: { mediaType: OCI_INDEX, digest: subject, size: 1 } }),
  };
  const manifest = new TextEncoder().encode(JSON.stringify(document));
  const digest = world.source.putManifest("app", manifest, OCI_MANIFEST, tag);
  return { mediaType: OCI_MANIFEST, digest, size: manifest.length, artifactType: document.artifactType };
}

function putIndex(manifests: readonly object[], tag: string, registry = world.source, path = "app"): Digest {
  const document = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  return registry.putManifest(path, new TextEncoder().encode(JSON.stringify(document)), OCI_INDEX, tag);
}

const listTag = (digest: Digest): string => digest.replace(":", "-");
const tagsOf = (digest: Digest) =>
  Object.keys(world.target.tags("copy")).filter((tag) => tag.startsWith(listTag(digest)));

describe("a list that the source makes", () => {
  test("arrives at a target that makes one itself, and no tag is written", async () => {
    await start(true, true);
    const signature = attach("signature", IMAGE.digest);
    const sbom = attach("sbom", AMD);
    const about = attach("signature-of-the-sbom", sbom.digest);
    const { referrers } = await world.copy(...REQUEST);
    deepEqual(
      referrers?.map(({ digest, subject, artifactType }) => [digest, subject, artifactType]),
      [
        [signature.digest, IMAGE.digest, "application/x-signature"],
        [sbom.digest, AMD, "application/x-sbom"],
        [about.digest, sbom.digest, "application/x-signature-of-the-sbom"],
      ],
    );
    for (const { digest } of [signature, sbom, about])
      deepEqual(differences(world, "app", "copy", digest), []);
    deepEqual(Object.keys(world.target.tags("copy")), ["v1"]);
  });

  test("becomes a tag where the target makes none, and what was listed there stays", async () => {
    await start(true, false);
    const old = { mediaType: OCI_MANIFEST, digest: IMAGE.digest, size: 7, artifactType: "application/x-old" };
    seedImage(world.target, "copy", "old", IMAGE);
    putIndex([old], listTag(IMAGE.digest), world.target, "copy");
    const { mediaType, digest, size, artifactType } = attach("signature", IMAGE.digest);
    await world.copy(...REQUEST);
    const list = world.target.manifest("copy", listTag(IMAGE.digest));
    deepEqual(JSON.parse(new TextDecoder().decode(list?.bytes)).manifests, [
      old,
      { mediaType, digest, size, artifactType },
    ]);
  });
});

test("a list under a tag is copied as it is", async () => {
  await start(false, false);
  const signature = attach("signature", IMAGE.digest);
  const list = putIndex([signature], listTag(IMAGE.digest));
  await world.copy(...REQUEST);
  equal(world.target.tags("copy")[listTag(IMAGE.digest)], list);
  deepEqual(differences(world, "app", "copy", list), []);
});

test("cosign's tags come, for the image and for its platforms", async () => {
  await start(false, false);
  attach("signature", undefined, `${listTag(IMAGE.digest)}.sig`);
  attach("statement", undefined, `${listTag(IMAGE.digest)}.att`);
  attach("sbom", undefined, `${listTag(AMD)}.sbom`);
  const { referrers } = await world.copy(...REQUEST);
  equal(referrers?.length, 3);
  deepEqual(tagsOf(IMAGE.digest).sort(), [`${listTag(IMAGE.digest)}.att`, `${listTag(IMAGE.digest)}.sig`]);
  deepEqual(tagsOf(AMD), [`${listTag(AMD)}.sbom`]);
});

test("of a platform alone, only what refers to that platform", async () => {
  await start(true, true);
  attach("of the index", IMAGE.digest);
  const mine = attach("of the platform", AMD);
  const platforms = [parsePlatform("linux/amd64")];
  const { referrers } = await world.copy("source.example/app:v1", "target.example/copy:v1", {
    platforms,
    referrers: true,
  });
  deepEqual(
    referrers?.map(({ digest }) => digest),
    [mine.digest],
  );
});

test("a signature that comes later is fetched by the next copy, and nothing else", async () => {
  await start(true, true);
  await world.copy(...REQUEST);
  const late = attach("late", IMAGE.digest);
  const before = world.source.requests();
  const again = await world.copy(...REQUEST);
  deepEqual(
    [again.alreadyPresent, again.referrers?.map(({ alreadyPresent }) => alreadyPresent)],
    [true, [false]],
  );
  deepEqual(differences(world, "app", "copy", late.digest), []);
  equal((world.source.requests()["manifest-get"] ?? 0) - (before["manifest-get"] ?? 0), 1);
  const third = await world.copy(...REQUEST);
  deepEqual(
    third.referrers?.map(({ alreadyPresent }) => alreadyPresent),
    [true],
  );
  equal(third.bytesMoved, 0);
});

test("without being asked for, they stay", async () => {
  await start(true, true);
  attach("signature", IMAGE.digest);
  const { referrers } = await world.copy(REQUEST[0], REQUEST[1]);
  equal(referrers, undefined);
  equal(world.source.requests().referrers, undefined);
});

test("a chain of signatures ends, and so does a crowd", async () => {
  await start(true, true);
  let subject: Digest = IMAGE.digest;
  for (let link = 0; link < 10; link++) subject = attach(`link ${link}`, subject).digest;
  equal((await world.copy(...REQUEST)).referrers?.length, 3);
  for (let one = 0; one < 300; one++) attach(`one of many ${one}`, IMAGE.digest);
  match(await world.outcome(...REQUEST), /^source malformed: .*more than 256 manifests refer to it/);
});
