import { equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { type ConfiguredLogin, loginFor, readHelperAnswer } from "../../../src/oci/auth/docker-config.ts";

const auth = Buffer.from("ann:s3:cret").toString("base64");
const HUB = "https://index.docker.io/v1/";

function inWords(login: ConfiguredLogin): string {
  if (login.kind === "helper") return `ask ${login.helper} for ${login.server}`;
  if (login.kind !== "known") return login.kind;
  const { credentials } = login;
  if (credentials.kind === "identity-token") return `token ${credentials.token}`;
  return Buffer.from(credentials.header.slice("Basic ".length), "base64").toString();
}

describe("the login for a host", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [unknown, string, string])[] = [
    [{ auths: { [HUB]: { auth } } },                                      "docker.io",       "ann:s3:cret"],
    [{ auths: { "docker.io": { auth } } },                                "docker.io",       "ann:s3:cret"],
    [{ auths: { "https://ghcr.io": { auth } } },                          "ghcr.io",         "ann:s3:cret"],
    [{ auths: { "localhost:5000": { username: "u", password: "p" } } },   "localhost:5000",  "u:p"],
    [{ auths: { "evil-ghcr.io": { auth } } },                             "ghcr.io",         "none"],
    [{ auths: { "ghcr.io.evil.example": { auth } } },                     "ghcr.io",         "none"],
    [{ auths: { "ghcr.io": { auth, identitytoken: "t" } } },              "ghcr.io",         "token t"],
    [{ auths: { "ghcr.io": { auth: "!!!" } } },                           "ghcr.io",         "unreadable"],
    [{ auths: { "ghcr.io": {} } },                                        "ghcr.io",         "none"],
    [{ auths: { [HUB]: {} }, credsStore: "desktop" },                     "docker.io",       `ask desktop for ${HUB}`],
    [{ credsStore: "desktop" },                                           "ghcr.io",         "ask desktop for ghcr.io"],
    [{ credHelpers: { "ghcr.io": "gh" }, credsStore: "desktop" },         "ghcr.io",         "ask gh for ghcr.io"],
    [{ credHelpers: { "ghcr.io": "../../bin/sh" } },                      "ghcr.io",         "unreadable"],
    [{},                                                                  "ghcr.io",         "none"],
    [[],                                                                  "ghcr.io",         "none"],
    [{ auths: null, credHelpers: 7 },                                     "ghcr.io",         "none"],
  ];
  for (const [config, host, words] of table) {
    test(`${JSON.stringify(config).slice(0, 90)} for ${host}: ${words}`, () => {
      equal(inWords(loginFor(JSON.stringify(config), host)), words);
    });
  }

  test("a file that is not JSON is unreadable", () => {
    equal(loginFor("{", "ghcr.io").kind, "unreadable");
  });
});

test("a helper's answer is a name and a secret, or a refresh token", () => {
  equal(readHelperAnswer('{"Username":"u","Secret":"p"}')?.kind, "basic");
  equal(readHelperAnswer('{"Username":"<token>","Secret":"p"}')?.kind, "identity-token");
  equal(readHelperAnswer("credentials not found in native keychain"), undefined);
});
