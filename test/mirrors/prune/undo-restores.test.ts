/** A deletion that is undone: the command that a clean-up prints brings back everything that was there, from the source. */

import { deepEqual, equal } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import { mirror } from "../../../src/cli/commands/mirror.ts";
import { type Digest, isDigest } from "../../../src/image/digest.ts";
import { type Copy, copiesOf } from "../../../src/mirrors/copies.ts";
import type { EcrImage } from "../../../src/mirrors/facts.ts";
import { deletedCopy } from "../../../src/mirrors/prune/undo-command.ts";
import { copyTag } from "../../../src/substitution/strategies/ecr-copy.ts";
import { commandIo } from "../../support/command-io.ts";
import { LoopbackRegistry } from "../../support/registries/loopback-registry.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const [SOURCE, COPY] = ["library/web", "repull/docker.io/library/web"];

let source: LoopbackRegistry;
let target: LoopbackRegistry;
beforeEach(async () => {
  [source, target] = await Promise.all([LoopbackRegistry.start(), LoopbackRegistry.start()]);
});
afterEach(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

function addImage(name: string, tag?: string) {
  const blob = (kind: string, text: string) => ({
    mediaType: `application/vnd.oci.image.${kind}`,
    ...source.addBlob(SOURCE, Buffer.from(text)),
  });
  const [layer, config] = [blob("layer.v1.tar+gzip", name), blob("config.v1+json", "{}")];
  const document = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] };
  return source.addManifest(SOURCE, document, MANIFEST, tag);
}

/** An index of two platforms, one of which is signed, as the index is. */
function addIndex(): { readonly digest: Digest; readonly lists: readonly Digest[] } {
  const platforms = ["amd64", "arm64"].map((architecture) => ({
    ...addImage(architecture),
    mediaType: MANIFEST,
    platform: { os: "linux", architecture },
  }));
  const document = { schemaVersion: 2, mediaType: INDEX, manifests: platforms };
  const { digest } = source.addManifest(SOURCE, document, INDEX, "1.27");
  const lists = platforms.map((one) => one.digest).filter(isDigest);
  for (const one of [digest, lists[0] ?? ""]) addImage(`signature of ${one}`, `${one.replace(":", "-")}.sig`);
  return { digest: digest as Digest, lists };
}

/** What the clean-up finds of the copy, as ECR would describe it. */
function copyAt(tags: readonly string[], digest: Digest, lists: readonly Digest[]): Copy {
  const image = (one: Digest, more: Partial<EcrImage> = {}): EcrImage => ({
    digest: one,
    tags: [],
    mediaType: MANIFEST,
    isActive: true,
    ...more,
  });
  const signatures = [digest, ...lists].flatMap((one) => {
    const tag = `${one.replace(":", "-")}.sig`;
    const signature = target.tags.get(`${COPY}:${tag}`);
    return isDigest(signature) ? [image(signature, { tags: [tag] })] : [];
  });
  const images = [
    image(digest, { tags, ...(lists.length === 0 ? {} : { mediaType: INDEX }) }),
    ...lists.map((one) => image(one)),
    ...signatures,
  ];
  const [copy] = copiesOf(COPY, images, new Map([[digest, lists]]));
  if (copy === undefined) throw new Error("no copy");
  return copy;
}

async function run([, command, from = "", to = "", ...rest]: readonly string[]): Promise<void> {
  equal(command, "mirror");
  const alsoTag = rest.flatMap((word, at) => (word === "--also-tag" ? [rest[at + 1] ?? ""] : []));
  const status = await mirror(
    {
      source: from,
      target: to,
      platforms: [],
      alsoTag,
      json: true,
      allPlatforms: rest.includes("--all-platforms"),
      referrers: rest.includes("--referrers"),
    },
    commandIo(),
  );
  equal(status, 0);
}

describe("the undo of a deletion", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, add: () => { readonly digest: Digest; readonly lists: readonly Digest[] }])[] = [
    ["a signed index with its platforms and every signature", addIndex],
    ["an image of one platform",                              () => ({ digest: addImage("one", "1.27").digest as Digest, lists: [] })],
  ];
  for (const [what, add] of table)
    test(`brings back ${what}, under all of its tags`, async () => {
      const { digest, lists } = add();
      const tags = ["1.27", "1", "latest"].map((tag) => copyTag(tag, digest));
      const [first = "", ...others] = tags;
      const from = `${source.host}/${SOURCE}@${digest}`;
      await run([
        "repull",
        "mirror",
        from,
        `${target.host}/${COPY}:${first}`,
        "--all-platforms",
        "--referrers",
      ]);
      for (const tag of others) target.tags.set(`${COPY}:${tag}`, digest);
      const before = new Map(target.tags);
      equal(before.size, lists.length === 0 ? 3 : 5);

      const copy = copyAt(tags, digest, lists);
      const digests = copy.members.map((one) => one.digest);
      await target.stop();
      target = await LoopbackRegistry.start();
      const { undo = [] } = deletedCopy(
        { kind: "delete", copy, digests },
        { source: `${source.host}/${SOURCE}` },
        target.host,
      );
      await run(undo);
      deepEqual(new Map([...target.tags].sort()), new Map([...before].sort()));
      for (const one of digests)
        equal((await fetch(`http://${target.host}/v2/${COPY}/manifests/${one}`)).status, 200);
    });
});
