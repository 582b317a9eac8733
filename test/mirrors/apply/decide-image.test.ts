/** What becomes of an image that follows its tag: each row is what the registry and ECR say of it. */

import { describe, expect, test } from "vitest";
import type { Digest } from "../../../src/image/digest.ts";
import { decideImage, type ImageFacts } from "../../../src/mirrors/apply/decide-image.ts";

const [OLD, NEW, LATER] = ["a", "b", "c"].map((digit) => `sha256:${digit.repeat(64)}`) as [
  Digest,
  Digest,
  Digest,
];
const found = (digest: Digest) => ({ kind: "found", digest }) as const;
const running = { digest: OLD };
const unknown = { because: "no task runs" };

// biome-ignore format: a table is read by its columns
const TABLE: readonly (readonly [when: string, facts: ImageFacts, decision: string])[] = [
  ["the tag names other bytes than those that run",          { head: found(NEW), running },                  "order"],
  ["the tag names the digest that was asked for",            { head: found(NEW), running, wanted: NEW },     "order"],
  ["the tag names what runs",                                { head: found(OLD), running },                  "current"],
  ["the tag names other bytes than were asked for",          { head: found(LATER), running, wanted: NEW },   "moved-again"],
  ["the tag came back to what runs, and others were asked for", { head: found(OLD), running, wanted: NEW },  "moved-again"],
  ["the registry no longer has the tag",                     { head: { kind: "gone" }, running },            "source-gone"],
  ["the registry did not answer",                            { head: { kind: "unknown", code: "unreadable", because: "silent" }, running }, "source-unread"],
  ["a limit was met",                                        { head: { kind: "unknown", code: "limited", because: "429" }, running },       "source-unread"],
  ["it is not known what runs",                              { head: found(NEW), running: unknown },         "running-unknown"],
  ["it is not known what runs, and other bytes were asked for", { head: found(LATER), running: unknown, wanted: NEW }, "moved-again"],
];

describe("decideImage", () => {
  for (const [when, facts, decision] of TABLE)
    test(`decides ${decision} where ${when}`, () => {
      const decided = decideImage("docker.io/library/nginx:1.27", facts);
      expect(decided.kind === "order" ? decided.kind : decided.code).toBe(decision);
      if (decided.kind === "order") expect(decided).toEqual({ kind: "order", digest: NEW, runs: OLD });
    });
});
