/** Texts from public logs and AWS's own sources, with where each was seen: every one is classified as what it is. */

import { equal, notEqual, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { canonicalName, repositoryName, tryParseReference } from "../../src/image/reference.ts";
import { classify } from "../../src/pull-failure/classify.ts";
import corpus from "./corpus.json" with { type: "json" };

type Entry = {
  readonly id: string;
  readonly text: string;
  readonly image?: string;
  readonly kind: string;
  readonly limitedAs?: string;
  readonly source: string;
};

const entries: readonly Entry[] = corpus;

describe("with the image of its container", () => {
  for (const { id, text, image, kind, limitedAs, source } of entries) {
    test(`${id} is ${kind} (${source.slice(0, 60)})`, () => {
      const told = classify(text, image);
      equal(told.kind, kind);
      equal(told.limitedAs, limitedAs);
      notEqual(told.because, "");
      const given = tryParseReference(image);
      if (given) equal(told.image, canonicalName(given));
    });
  }
});

describe("by the text alone, a Docker Hub limit is found and never made up", () => {
  for (const { id, text, image, kind } of entries) {
    test(id, () => {
      const told = classify(text);
      equal(told.kind.startsWith("docker-hub"), kind.startsWith("docker-hub"));
      const [named, given] = [tryParseReference(told.image), tryParseReference(image)];
      if (named && given) equal(repositoryName(named), repositoryName(given));
    });
  }
});

test("a text that was cut before its cause is at most likely", () => {
  const cut = entries.filter(({ id }) => id.includes("truncated"));
  ok(cut.length > 0);
  for (const { text } of cut) equal(classify(text).confidence, "likely");
});
