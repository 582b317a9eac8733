/** Texts made to hurt: the answer comes in time proportional to the text, whatever it holds. */

import { deepEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";

const MILLION = 1_000_000;

const hostile: Readonly<Record<string, string>> = {
  "one letter": "a".repeat(MILLION),
  blanks: " ".repeat(MILLION),
  newlines: "\n".repeat(MILLION),
  backslashes: "\\".repeat(MILLION),
  "escapes in escapes": "\\\\\\n".repeat(MILLION / 4),
  ampersands: "&amp;".repeat(MILLION / 5),
  quotes: `"'`.repeat(MILLION / 2),
  "at signs": "a@".repeat(MILLION / 2),
  dots: "a.".repeat(MILLION / 2),
  "addresses without end": "https://".repeat(MILLION / 8),
  "addresses of Docker Hub": "https://registry-1.docker.io/v2/a/manifests/1: 429 ".repeat(MILLION / 50),
  "many manifests": `https://registry-1.docker.io/v2/${"manifests/".repeat(MILLION / 10)}`,
  "open sentences": "you have reached your ".repeat(MILLION / 22),
  "open codes": "toomanyrequests: ".repeat(MILLION / 17),
  "account without end": `pull rate limit as '${"a".repeat(MILLION)}`,
  "many accounts": "rate limit as 'a".repeat(MILLION / 16),
  tokens: "dckr_jti_".repeat(MILLION / 9),
  "web tokens": "eyJ".repeat(MILLION / 3),
  keys: "-----BEGIN PRIVATE KEY-----".repeat(MILLION / 27),
  "key words": "password".repeat(MILLION / 8),
  authorization: "authorization:".repeat(MILLION / 14),
  images: 'Failed to pull image "'.repeat(MILLION / 22),
  "manifests for": "manifest for a ".repeat(MILLION / 15),
  repositories: "repository a ".repeat(MILLION / 13),
  services: `(service ${"a) (".repeat(MILLION / 4)}`,
  "requests by proxy": 'Get "https://registry-1.docker.io/v2/": '.repeat(MILLION / 37),
  "request without end": `Get "https://${"a".repeat(MILLION)}`,
  tokens429: "failed to fetch oauth token: reading blob: ".repeat(MILLION / 43),
  "content digests": `content digest sha256:${"a".repeat(128)} `.repeat(MILLION / 150),
  pages: "<html><title>429".repeat(MILLION / 16),
  schemas: "schema 1 ".repeat(MILLION / 9),
  throttles: "ThrottlingException: Rate exceeded ssm ".repeat(MILLION / 40),
  "pulled images": "Error pulling image (a) from failed to pull 'a".repeat(MILLION / 46),
  "percent signs": "%20".repeat(MILLION / 3),
};

describe("a megabyte is read within two seconds", () => {
  for (const [name, text] of Object.entries(hostile)) {
    test(name, { timeout: 2000 }, () => {
      ok(JSON.stringify(classify(text, "nginx")).length < 5000);
    });
  }
  test("as an image", { timeout: 2000 }, () => {
    for (const text of Object.values(hostile)) classify("toomanyrequests: Too Many Requests", text);
  });
});

test("a limit at either end of a very long text is found", () => {
  const sentence = "toomanyrequests: You have reached your pull rate limit.";
  const filler = "log line\n".repeat(MILLION / 9);
  deepEqual(
    [classify(`${sentence}\n${filler}`).kind, classify(`${filler}\n${sentence}`).kind],
    ["docker-hub-pull-limit", "docker-hub-pull-limit"],
  );
});

test("any text with any image gets an answer", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.option(fc.string(), { nil: undefined }), (text, image) => {
      ok(!classify(text, image).kind.startsWith("docker-hub"));
    }),
    { numRuns: 2000 },
  );
});
