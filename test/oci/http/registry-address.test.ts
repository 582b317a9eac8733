import assert, { deepEqual, equal } from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, test } from "vitest";
import { requestToken, type TokenRequest } from "../../../src/oci/auth/bearer-token.ts";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import { parseChallenges } from "../../../src/oci/auth/www-authenticate.ts";
import {
  addressOf,
  maySendCredentials,
  passwordBlockReason,
  realmBlockReason,
  redirectBlockReason,
} from "../../../src/oci/http/registry-address.ts";
import type { RegistryRequest, Send } from "../../../src/oci/http/transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";

describe("where a registry is", () => {
  const mapped = new Map([
    ["registry-1.docker.io", "http://127.0.0.1:5001"],
    ["public.ecr.aws", "https://mirror.corp.example/ecr/"],
  ]);
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, ReadonlyMap<string, string> | undefined, string])[] = [
    ["docker.io",       undefined, "https://registry-1.docker.io/"],
    ["docker.io",       mapped,    "http://127.0.0.1:5001/ loopback"],
    ["public.ecr.aws",  mapped,    "https://mirror.corp.example/ecr/ loopback"],
    ["ghcr.io",         mapped,    "https://ghcr.io/"],
    ["localhost:5000",  undefined, "http://localhost:5000/ loopback"],
    ["127.0.0.1:5000",  undefined, "http://127.0.0.1:5000/ loopback"],
    ["[::1]:5000",      undefined, "http://[::1]:5000/ loopback"],
    ["127.0.0.1.evil.example", undefined, "https://127.0.0.1.evil.example/"],
    ["10.0.0.5:5000",   undefined, "https://10.0.0.5:5000/"],
  ];
  for (const [host, endpoints, where] of table) {
    test(`${host} is at ${where}`, () => {
      const { base, loopback } = addressOf(host, endpoints);
      equal(`${base.href}${loopback ? " loopback" : ""}`, where);
    });
  }
});

describe("which realms are shown a password", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, string, "yes" | "no"])[] = [
    ["docker.io",                 "https://auth.docker.io/token",            "yes"],
    ["docker.io",                 "https://auth.docker.io.evil.example/",    "no"],
    ["docker.io",                 "https://evildocker.io/token",             "no"],
    ["docker.io",                 "http://auth.docker.io/token",             "no"],
    ["docker.io",                 "https://localhost/token",                 "no"],
    ["ghcr.io",                   "https://ghcr.io/token",                   "yes"],
    ["registry.gitlab.com",       "https://gitlab.com/jwt/auth",             "yes"],
    ["registry.example.com",      "https://gitlab.example.com/jwt/auth",     "yes"],
    ["registry.example.com",      "https://example.com.evil.example/",       "no"],
    ["shop.co.uk",                "https://thief.co.uk/token",               "no"],
    ["mine.azurecr.io",           "https://mine.azurecr.io/oauth2/token",    "yes"],
    ["mine.azurecr.io",           "https://theirs.azurecr.io/oauth2/token",  "no"],
    ["1.dkr.ecr.eu-west-1.amazonaws.com", "https://evil.s3.amazonaws.com/",  "no"],
    ["quay.io",                   "https://cdn.quay.io/token",               "no"],
    ["10.0.0.5:5000",             "https://10.0.0.6/token",                  "no"],
    ["10.0.0.5:5000",             "https://10.0.0.5:5001/token",             "yes"],
    ["localhost:5000",            "http://127.0.0.1:5001/token",             "yes"],
    ["localhost:5000",            "http://example.com/token",                "no"],
    ["registry.example.com",      "https://user:pw@registry.example.com/t",  "no"],
  ];
  for (const [host, realm, allowed] of table) {
    test(`${host} may ${allowed === "yes" ? "" : "not "}send to ${realm}`, () => {
      const because =
        realmBlockReason(addressOf(host), new URL(realm)) ??
        passwordBlockReason(addressOf(host), new URL(realm));
      equal(because === undefined ? "yes" : "no", allowed);
    });
  }
});

describe("which realms are asked anonymously", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, string, "yes" | "no"])[] = [
    ["lscr.io",        "https://ghcr.io/token",           "yes"],
    ["docker.n8n.io",  "https://auth.docker.io/token",    "yes"],
    ["lscr.io",        "http://ghcr.io/token",            "no"],
    ["lscr.io",        "https://127.0.0.1/token",         "no"],
    ["lscr.io",        "https://user:pw@ghcr.io/token",   "no"],
  ];
  for (const [host, realm, allowed] of table) {
    test(`${host} may ${allowed === "yes" ? "" : "not "}have its tokens at ${realm}`, () => {
      equal(realmBlockReason(addressOf(host), new URL(realm)) === undefined ? "yes" : "no", allowed);
    });
  }

  test("a realm of another organization sees no password, and its token is used", async () => {
    const seen: RegistryRequest[] = [];
    const send: Send = async (request) => {
      seen.push(request);
      return { status: 200, headers: {}, body: Readable.from([Buffer.from('{"token":"t1"}')]) };
    };
    const [challenge] = parseChallenges('Bearer realm="https://ghcr.io/token",service="ghcr.io"');
    assert(challenge !== undefined);
    for (const credentials of [
      basicCredentials("ann", "pw"),
      { kind: "identity-token", token: "x" } as const,
    ]) {
      const request: TokenRequest = {
        address: addressOf("lscr.io"),
        challenge,
        scopes: ["s"],
        credentials,
        side: "pull",
      };
      equal((await requestToken(send, systemClock, request))?.header, "Bearer t1");
    }
    deepEqual(
      seen.map(({ method, url, headers, body }) => [method, url.host, headers.authorization, body]),
      [
        ["GET", "ghcr.io", undefined, undefined],
        ["GET", "ghcr.io", undefined, undefined],
      ],
    );
  });
});

describe("which redirects may be followed, and which see the credential", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, string, "with" | "without" | "no"])[] = [
    ["ghcr.io",         "https://ghcr.io/other",                          "with"],
    ["ghcr.io",         "https://ghcr.io:8443/other",                     "without"],
    ["docker.io",       "https://production.cloudflare.docker.com/x?v=1", "without"],
    ["docker.io",       "http://production.cloudflare.docker.com/x",      "no"],
    ["docker.io",       "https://127.0.0.1/x",                            "no"],
    ["docker.io",       "ftp://example.com/",                             "no"],
    ["localhost:5000",  "http://localhost:5000/x",                        "with"],
    ["localhost:5000",  "http://localhost:5001/x",                        "without"],
    ["localhost:5000",  "https://cdn.example.com/x",                      "without"],
  ];
  for (const [host, location, how] of table) {
    test(`${host} → ${location}: ${how}`, () => {
      const address = addressOf(host);
      const url = new URL(location);
      const follows = redirectBlockReason(address, url) === undefined;
      equal(follows ? (maySendCredentials(address, url) ? "with" : "without") : "no", how);
    });
  }
});
