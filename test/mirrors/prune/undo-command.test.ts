/** The command that undoes a deletion names the very bytes, and makes a copy that is recognised as Repull's again. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { createProgram } from "../../../src/cli/program/create-program.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { copiesOf, isOurTag } from "../../../src/mirrors/copies.ts";
import type { EcrImage } from "../../../src/mirrors/facts.ts";
import { deletedCopy } from "../../../src/mirrors/prune/undo-command.ts";
import { copyTag } from "../../../src/substitution/strategies/ecr-copy.ts";
import { commandIo } from "../../support/command-io.ts";

const [INDEX, IMAGE] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
];
const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const REPOSITORY = "repull/docker.io/library/nginx";
const DIGEST = digestOf("image");
const CHILD = digestOf("child");
const SIGNATURE = digestOf("signature");

const root = (mediaType: string, ...more: readonly string[]): EcrImage => ({
  digest: DIGEST,
  tags: [copyTag("1.27", DIGEST), ...more],
  mediaType,
  isActive: true,
});
const child: EcrImage = { digest: CHILD, tags: [], mediaType: IMAGE, isActive: true };
const signature: EcrImage = {
  digest: SIGNATURE,
  tags: [],
  mediaType: IMAGE,
  subject: DIGEST,
  isActive: true,
};

function undoOf(images: readonly EcrImage[]): readonly string[] {
  const [copy] = copiesOf(REPOSITORY, images, new Map([[DIGEST, images.includes(child) ? [CHILD] : []]]));
  if (copy === undefined) throw new Error("no copy");
  const digests = copy.members.map(({ digest }) => digest);
  const { undo = [] } = deletedCopy(
    { kind: "delete", copy, digests },
    { source: "docker.io/library/nginx" },
    HOST,
  );
  return undo;
}

describe("the command that undoes a deletion", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, images: readonly EcrImage[], options: readonly string[]])[] = [
    ["an image of one platform",   [root(IMAGE)],                   []],
    ["an index",                   [root(INDEX), child],            ["--all-platforms"]],
    ["a signed image",             [root(IMAGE), signature],        ["--referrers"]],
    ["an image of three tags",     [root(IMAGE, copyTag("1", DIGEST), copyTag("latest", DIGEST))], ["--also-tag", copyTag("1", DIGEST), "--also-tag", copyTag("latest", DIGEST)]],
    ["an image that cosign signed", [root(IMAGE), { digest: SIGNATURE, tags: [`sha256-${DIGEST.slice(7)}.sig`], mediaType: IMAGE, isActive: true }], ["--referrers"]],
    ["a signed index",             [root(INDEX), child, signature], ["--all-platforms", "--referrers"]],
  ];
  for (const [what, images, options] of table)
    test(`copies ${what} by its digest, under its tags, and is one that repull takes`, async () => {
      const [repull, command, source = "", target = "", ...rest] = undoOf(images);
      deepEqual([repull, command, rest], ["repull", "mirror", options]);
      equal(parseReference(source).digest, DIGEST);
      const { host, path, tag = "" } = parseReference(target);
      deepEqual([host, path, isOurTag(tag, DIGEST)], [HOST, REPOSITORY, true]);
      const begun: string[] = [];
      const program = createProgram({
        version: "0",
        io: commandIo(),
        begin: (one) => begun.push(one.name()),
        finish: async () => {},
      });
      await program.parseAsync(undoOf(images).slice(1), { from: "user" });
      deepEqual(begun, ["mirror"]);
    });
});
