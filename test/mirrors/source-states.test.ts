/** What the sources of copies are asked: one HEAD for each tag, and nothing more of a registry that has had enough. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { type Digest, digestOf } from "../../src/image/digest.ts";
import { type ImageReference, parseReference } from "../../src/image/reference.ts";
import { sourcesOfCopy } from "../../src/mirrors/source-of-copy.ts";
import { headSources } from "../../src/mirrors/source-states.ts";
import { RegistryError } from "../../src/oci/client/registry-error.ts";

const DIGEST = digestOf("image");
const SHORT = DIGEST.slice("sha256:".length, "sha256:".length + 12);

function registry(answer: (image: ImageReference) => Digest | undefined) {
  const asked: string[] = [];
  return {
    asked,
    headManifest: async (image: ImageReference) => {
      asked.push(`${image.path}:${image.tag}`);
      const digest = answer(image);
      return digest === undefined ? undefined : { digest };
    },
  };
}

describe("headSources", () => {
  test("asks once for each of a thousand tags, however often a tag was copied", async () => {
    const heads = registry(() => DIGEST);
    const images = Array.from({ length: 2_000 }, (_, index) =>
      parseReference(`quay.io/org/app:${index % 1_000}`),
    );
    equal((await headSources(images, heads)).size, 1_000);
    equal(heads.asked.length, 1_000);
  });

  test("distinguishes what is gone from what is not known, and stops at a limit", async () => {
    const heads = registry(({ tag }) => {
      if (tag === "gone") return undefined;
      if (tag === "refused") throw new RegistryError("no login", { kind: "unauthorized", host: "quay.io" });
      if (tag === "limit") throw new RegistryError("enough", { kind: "rate-limited", host: "quay.io" });
      return DIGEST;
    });
    const names = ["found", "gone", "refused"].map((tag) => parseReference(`quay.io/org/app:${tag}`));
    const states = await headSources(names, heads);
    deepEqual(
      [...states.values()].map(({ kind }) => kind),
      ["found", "gone", "unknown"],
    );
    const many = ["limit", ...Array.from({ length: 500 }, (_, index) => String(index))];
    await headSources(
      many.map((tag) => parseReference(`quay.io/org/app:${tag}`)),
      heads,
    );
    equal(heads.asked.length < 50, true);
  });

  // biome-ignore format: a table is read by its columns
  const failing: readonly (readonly [what: string, unanswered: "no-answer" | undefined, all: boolean])[] = [
    ["that does not answer three times in a row",  "no-answer", false],
    ["that answers with nonsense",                 undefined,   true],
  ];
  for (const [what, unanswered, all] of failing)
    test(`asks a registry ${what} ${all ? "about each tag" : "no more"}, and the others about each of theirs`, async () => {
      const heads = registry(({ host }) => {
        if (host === "quay.io") return DIGEST;
        const said = { kind: "unavailable", host } as const;
        throw new RegistryError("no answer", unanswered === undefined ? said : { ...said, unanswered });
      });
      const names = Array.from({ length: 400 }, (_, index) => [
        `ghcr.io/a/b:${index}`,
        `quay.io/c/d:${index}`,
      ]);
      const states = await headSources(names.flat().map(parseReference), heads);
      const of = (code: string) =>
        [...states.values()].filter((one) => "code" in one && one.code === code).length;
      equal([...states.values()].filter(({ kind }) => kind === "found").length, 400);
      equal(heads.asked.filter((name) => name.startsWith("a/b")).length, of("unreadable"));
      deepEqual([of("unreadable") === 400, of("unreadable") + of("not-asked")], [all, 400]);
      equal(all || of("unreadable") < 32, true);
    });
});

describe("sourcesOfCopy", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [tag: string, source: string | undefined, tagOfSource: string | undefined])[] = [
    [`1.27-${SHORT}`,            "docker.io/library/nginx", "1.27"],
    [`1.27-alpine-${SHORT}`,     "docker.io/library/nginx", "1.27-alpine"],
    [`untagged-${SHORT}`,        "docker.io/library/nginx", undefined],
    ["1.27-000000000000",        undefined,                 undefined],
    ["latest",                   undefined,                 undefined],
    [`${"a".repeat(115)}-${SHORT}`, "docker.io/library/nginx", undefined],
  ];
  for (const [tag, path, tagOfSource] of table)
    test(`of the tag ${tag.replace(SHORT, "<digest>")} is ${path === undefined ? "unknown" : `the tag ${tagOfSource ?? "of no name"}`}`, () => {
      const [source] = sourcesOfCopy({ source: "docker.io/library/nginx" }, { tags: [tag], digest: DIGEST });
      deepEqual([source && `${source.host}/${source.path}`, source?.tag], [path, tagOfSource]);
    });
});
