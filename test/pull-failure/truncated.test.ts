/**
 * ECS cuts reasons at 255 or 1024 characters, and a cut may fall anywhere.
 *
 * No cut may make Docker Hub's limit of another registry's text, nor something else for certain of Docker Hub's limit.
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "vitest";
import { classify } from "../../src/pull-failure/classify.ts";
import corpus from "./corpus.json" with { type: "json" };

const DIGEST = "sha256:0d17b565c37bcbd895e9d92315a05c1c3c9a29f762b011a10c54a66cd53c9b31";
const FARGATE = `CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/${DIGEST}: 429 Too Many Requests - Server message: `;

// biome-ignore format: a table is read by its columns
const limits = [
  ["Fargate, anonymous",  undefined,    `${FARGATE}toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`],
  ["Fargate, as account", "nginx:1.25", `${FARGATE}toomanyrequests: You have reached your pull rate limit as 'examplebot': dckr_jti_EXAMPLEexampleEXAMPLE0=. You may increase the limit by upgrading. https://www.docker.com/increase-rate-limit`],
  ["EC2",                 "nginx:1.25", "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"],
  ["EC2, no image",       undefined,    "CannotPullImageManifestError: Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"],
  ["HEAD",                "redis:7",    'CannotPullContainerError: failed to resolve reference "docker.io/library/redis:7": unexpected status from HEAD request to https://registry-1.docker.io/v2/library/redis/manifests/7: 429 Too Many Requests'],
  ["kubelet",             undefined,    `Failed to pull image "redis:7": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/library/redis:7": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/redis/manifests/${DIGEST}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`],
] as const;

describe("a cut of Docker Hub's limit is that limit, or nothing certain", () => {
  for (const [name, image, text] of limits) {
    test(name, () => {
      equal(classify(text, image).kind, "docker-hub-pull-limit");
      const wrong = cutsOf(text)
        .map((cut) => ({ cut, told: classify(cut, image) }))
        .filter(
          ({ told: { kind, confidence } }) => kind !== "docker-hub-pull-limit" && confidence === "certain",
        );
      deepEqual(wrong, []);
    });
  }
});

test("as more of Docker Hub's sentence is left, it is only ever classified more clearly", () => {
  for (const [, image, text] of limits) {
    const kinds = cutsOf(text).map((cut) => classify(cut, image).kind === "docker-hub-pull-limit");
    const first = kinds.indexOf(true);
    ok(first >= 0 && first < text.indexOf("docker.com/increase") + text.length);
    const afterSentence = text.indexOf("pull rate limit") + "pull rate limit".length;
    if (text.includes("pull rate limit")) ok(kinds.slice(afterSentence).every(Boolean));
  }
});

describe("no cut of another text is Docker Hub's limit", () => {
  const others = corpus.filter(({ kind }) => !kind.startsWith("docker-hub"));
  for (const { id, text, ...entry } of others) {
    // Up to the status, Docker Hub's own 5xx and its 429 are one text: those cuts may be likely, never certain.
    // So do a login that failed too often and a mirror's page, up to the code.
    const sharesItsBeginning =
      /unexpected status[^:]*https:\/\/[^ ]*docker\.|toomanyrequests: (?:too many failed|<)/.test(text);
    test(id, () => {
      const image = "image" in entry ? entry.image : undefined;
      for (const cut of cutsOf(text)) {
        const { kind, confidence } = classify(cut, image);
        ok(
          !kind.startsWith("docker-hub") || (sharesItsBeginning && confidence === "likely"),
          `${kind}: ${cut}`,
        );
      }
    });
  }
});

test("a cut server failure of Docker Hub is never certainly its limit", () => {
  const text = `unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/${DIGEST}: 500 Internal Server Error`;
  for (const cut of cutsOf(text))
    ok(classify(cut).confidence === "likely" || !classify(cut).kind.startsWith("docker-hub"));
});

function cutsOf(text: string): readonly string[] {
  return Array.from({ length: text.length }, (_, length) => text.slice(0, length));
}
