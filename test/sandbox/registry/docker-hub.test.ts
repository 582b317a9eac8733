/** Docker Hub as its callers meet it: tokens, pulls that are counted, a limit that ends, blobs from elsewhere. */

import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry, type RegistrySettings } from "../../../src/sandbox/registry/registry.ts";
import {
  BLOB,
  BYTES,
  basic,
  type Extras,
  IMAGE,
  type Said,
  say,
  stoppedClock,
} from "../../support/registries/registry-requests.ts";

const ORIGIN = "https://registry-1.docker.io";
const NAT = "203.0.113.7";
const INDEX = "/v2/library/nginx/manifests/1.25";
const CHILD = `/v2/library/nginx/manifests/${IMAGE.manifests[0]?.digest}`;
const SIX_HOURS = 6 * 60 * 60;

function dockerHub(settings: Partial<RegistrySettings> = {}) {
  const clock = stoppedClock();
  const accounts = [
    { user: "acme", password: "pat" },
    { user: "team", password: "pat", pullsMax: "unlimited" as const },
  ];
  const hub = createRegistry({
    kind: "docker-hub",
    host: "registry-1.docker.io",
    clock,
    accounts,
    ...settings,
  });
  seedImage(hub, "library/nginx", "1.25", IMAGE);
  hub.createRepository("acme/private", { private: true });
  seedImage(hub, "acme/private", "1", IMAGE);

  const raw = (line: string, extras?: Extras, address = NAT) =>
    say(hub.asClient(address), line, ORIGIN, extras);
  const token = async (scope: string, user?: string): Promise<string> => {
    const headers: Record<string, string> = user === undefined ? {} : { authorization: basic(user, "pat") };
    const said = await raw(`GET https://auth.docker.io/token?service=registry.docker.io&scope=${scope}`, {
      headers,
    });
    return JSON.parse(said.text).token;
  };
  /** Asks with a token for what is asked. */
  const ask = async (
    line: string,
    { user, address = NAT, ...extras }: Extras & { user?: string; address?: string } = {},
  ) => {
    const path = /\/v2\/(?<path>.+)\/(?:manifests|blobs|tags)\//.exec(line)?.groups?.path;
    const authorization = `Bearer ${await token(`repository:${path}:pull,push`, user)}`;
    return await raw(line, { ...extras, headers: { ...extras.headers, authorization } }, address);
  };
  return { hub, clock, raw, token, ask };
}

describe("signing in", () => {
  test("a request without a token is answered with where to get one", async () => {
    const { raw } = dockerHub();
    const said = await raw(`GET ${INDEX}`);
    deepEqual([said.status, said.error], [401, "UNAUTHORIZED: authentication required"]);
    equal(
      said.headers["www-authenticate"],
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"',
    );
    equal(
      (await raw("GET /v2/")).headers["www-authenticate"],
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
    );
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["anonymous", undefined, "GET /v2/library/nginx/manifests/1.25",  200, "a public image"],
    ["anonymous", undefined, "GET /v2/library/nginx/manifests/2",     404, "a tag that is not there"],
    ["anonymous", undefined, "GET /v2/library/absent/manifests/1",    401, "a repository that is not there"],
    ["anonymous", undefined, "GET /v2/acme/private/manifests/1",      401, "a private image of another"],
    ["its account", "acme",   "GET /v2/acme/private/manifests/1",      200, "a private image"],
    ["another",  "team",    "GET /v2/acme/private/manifests/1",      401, "a private image of another"],
    ["anonymous", undefined, "POST /v2/library/nginx/blobs/uploads/", 401, "a push"],
    ["another",  "team",    "POST /v2/acme/app/blobs/uploads/",      401, "a push to another's name"],
    ["its account", "acme",   "POST /v2/acme/new/blobs/uploads/",      202, "a push to its own name"],
    ["its account", "acme",   "DELETE /v2/acme/private/manifests/1",   401, "a deletion without that scope"],
  ] as const;
  for (const [who, user, line, status, what] of table) {
    test(`${who} asks for ${what}: ${status}`, async () => {
      equal((await dockerHub().ask(line, user === undefined ? {} : { user })).status, status);
    });
  }

  // biome-ignore format: a table is read by its columns
  const mounts = [
    ["library/nginx", 201, "a public image"],
    ["acme/private",  202, "a private image of another"],
  ] as const;
  for (const [from, status, what] of mounts) {
    test(`a blob of ${what} mounted into one's own repository: ${status}`, async () => {
      const { raw, token } = dockerHub();
      const scope = `repository:team/app:pull,push%20repository:${from}:pull`;
      const headers = { authorization: `Bearer ${await token(scope, "team")}` };
      const line = `POST /v2/team/app/blobs/uploads/?mount=${BLOB}&from=${from}`;
      equal((await raw(line, { headers })).status, status);
    });
  }

  test("a token is for the repository that it was asked for", async () => {
    const { raw, token } = dockerHub();
    const headers = { authorization: `Bearer ${await token("repository:library/other:pull")}` };
    const said = await raw(`GET ${INDEX}`, { headers });
    equal(said.status, 401);
    match(String(said.headers["www-authenticate"]), /error="insufficient_scope"$/);
  });

  test("a token runs out", async () => {
    const { raw, token, clock } = dockerHub();
    const headers = { authorization: `Bearer ${await token("repository:library/nginx:pull")}` };
    clock.pass(299);
    equal((await raw(`HEAD ${INDEX}`, { headers })).status, 200);
    clock.pass(1);
    const late = await raw(`GET ${INDEX}`, { headers });
    equal(late.status, 401);
    match(String(late.headers["www-authenticate"]), /error="invalid_token"$/);
  });

  test("a wrong password is refused, not served anonymously", async () => {
    const { raw } = dockerHub();
    const byGet = await raw("GET https://auth.docker.io/token?scope=repository:library/nginx:pull", {
      headers: { authorization: basic("acme", "wrong") },
    });
    deepEqual([byGet.status, byGet.text], [401, '{"details":"incorrect username or password"}']);
    equal(
      (
        await raw("POST https://auth.docker.io/token", {
          body: "grant_type=password&username=acme&password=wrong",
        })
      ).status,
      401,
    );
  });

  test("a token may be asked for by a form", async () => {
    const { raw, hub } = dockerHub();
    const body = "grant_type=password&username=acme&password=pat&scope=repository:acme/private:pull";
    const { token } = JSON.parse((await raw("POST https://auth.docker.io/token", { body })).text);
    equal(
      (await raw("GET /v2/acme/private/manifests/1", { headers: { authorization: `Bearer ${token}` } }))
        .status,
      200,
    );
    equal(hub.pullsLeft({ user: "acme" }), 199);
  });
});

const leftIn = ({ headers }: Said) => headers["ratelimit-remaining"];

describe("counting pulls", () => {
  test("every GET of a manifest is one, of an index and of its child; a HEAD and a blob are none", async () => {
    const { ask } = dockerHub();
    equal(leftIn(await ask(`HEAD ${INDEX}`)), "100;w=21600");
    equal(leftIn(await ask(`GET ${INDEX}`)), "99;w=21600");
    equal(leftIn(await ask(`GET ${CHILD}`)), "98;w=21600");
    await ask(`GET /v2/library/nginx/blobs/${BLOB}`);
    equal(leftIn(await ask(`HEAD ${CHILD}`)), "98;w=21600");
  });

  test("the headers name the limit and whose it is", async () => {
    const { ask } = dockerHub();
    const { headers } = await ask(`HEAD ${INDEX}`);
    deepEqual([headers["ratelimit-limit"], headers["docker-ratelimit-source"]], ["100;w=21600", NAT]);
    const account = await ask(`HEAD ${INDEX}`, { user: "acme" });
    equal(account.headers["ratelimit-limit"], "200;w=21600");
    match(String(account.headers["docker-ratelimit-source"]), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test("an account without a limit has no such headers", async () => {
    const { ask, hub } = dockerHub();
    for (let pulls = 0; pulls < 5; pulls += 1)
      equal(leftIn(await ask(`GET ${INDEX}`, { user: "team" })), undefined);
    equal(hub.pullsLeft({ user: "team" }), undefined);
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["203.0.113.7",          "203.0.113.7",           0, "one NAT gateway is one caller"],
    ["203.0.113.7",          "203.0.113.8",           1, "another address is another"],
    ["2001:db8:1:2::1",      "2001:db8:1:2:ffff::9",  0, "an IPv6 address is counted with its /64"],
    ["2001:db8:1:2::1",      "2001:db8:1:3::1",       1, "another /64 is another"],
    ["2001:db8::1",          "2001:0db8:0:0:1::",     0, "however it is written"],
  ] as const;
  for (const [one, other, left, because] of table) {
    test(`${because}: ${one}, then ${other}`, async () => {
      const { ask, hub } = dockerHub({ anonymousPulls: 1 });
      await ask(`GET ${INDEX}`, { address: one });
      equal(hub.pullsLeft({ address: other }), left);
    });
  }

  test("an account's pulls are not its address's", async () => {
    const { ask, hub } = dockerHub();
    await ask(`GET ${INDEX}`, { user: "acme" });
    deepEqual([hub.pullsLeft({ address: NAT }), hub.pullsLeft({ user: "acme" })], [100, 199]);
  });
});

describe("when nothing is left", () => {
  test("an anonymous pull is refused in Docker Hub's words", async () => {
    const { ask, hub } = dockerHub();
    hub.spend({ address: NAT }, 99);
    equal((await ask(`GET ${INDEX}`)).status, 200);
    const said = await ask(`GET ${CHILD}`);
    deepEqual(
      [said.status, leftIn(said), said.headers["ratelimit-limit"]],
      [429, "0;w=21600", "100;w=21600"],
    );
    deepEqual(JSON.parse(said.text), {
      errors: [
        {
          code: "TOOMANYREQUESTS",
          message:
            "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
        },
      ],
    });
    equal(said.headers["retry-after"], undefined);
  });

  test("a signed-in one in others, which name the account and a token's id", async () => {
    const { ask, hub } = dockerHub();
    hub.spend({ user: "acme" }, 200);
    const { status, error } = await ask(`GET ${INDEX}`, { user: "acme" });
    equal(status, 429);
    match(
      error,
      /^TOOMANYREQUESTS: You have reached your pull rate limit as 'acme': dckr_jti_[\w-]{27}=\. You may increase the limit by upgrading\. https:\/\/www\.docker\.com\/increase-rate-limit$/,
    );
    equal((await ask(`GET ${INDEX}`)).status, 200);
  });

  // biome-ignore format: a table is read by its columns
  const heads = [
    ["answers", 200],
    ["refuses", 429],
  ] as const;
  for (const [headAtZero, status] of heads) {
    test(`a HEAD ${headAtZero}: ${status}, and says that nothing is left`, async () => {
      const { ask, hub } = dockerHub({ behaviour: { headAtZero } });
      hub.spend({ address: NAT }, 100);
      const said = await ask(`HEAD ${INDEX}`);
      deepEqual([said.status, leftIn(said), said.bytes.length], [status, "0;w=21600", 0]);
      equal(said.headers["docker-content-digest"], status === 200 ? IMAGE.digest : undefined);
    });
  }

  test("blobs still come", async () => {
    const { ask, hub } = dockerHub();
    hub.spend({ address: NAT }, 100);
    equal((await ask(`GET /v2/library/nginx/blobs/${BLOB}`)).status, 307);
  });

  // biome-ignore format: a table is read by its columns
  const windows = [
    ["rolling", SIX_HOURS - 1,        0],
    ["rolling", SIX_HOURS,           60],
    ["rolling", SIX_HOURS + 3600,   100],
    ["fixed",   SIX_HOURS - 1,        0],
    ["fixed",   SIX_HOURS,          100],
  ] as const;
  for (const [window, seconds, left] of windows) {
    test(`60 pulls, an hour, 40 more; in a ${window} window ${left} are left ${seconds} s after the first`, () => {
      const { hub, clock } = dockerHub({ behaviour: { window } });
      hub.spend({ address: NAT }, 60);
      clock.pass(3600);
      hub.spend({ address: NAT }, 40);
      clock.pass(seconds - 3600);
      equal(hub.pullsLeft({ address: NAT }), left);
    });
  }

  test("the abuse limit is another one: bare words, with and without an account", async () => {
    const { ask, hub } = dockerHub();
    const lift = hub.fail({ on: "manifest-get", as: { kind: "abuse-limit" } });
    for (const user of [undefined, "team"]) {
      const said = await ask(`GET ${INDEX}`, user === undefined ? {} : { user });
      deepEqual([said.status, said.text, leftIn(said)], [429, "Too Many Requests (HAP429)", undefined]);
    }
    lift();
    equal((await ask(`GET ${INDEX}`)).status, 200);
  });
});

describe("blobs from the other host", () => {
  const redirect = async () => {
    const world = dockerHub();
    const { headers } = await world.ask(`GET /v2/library/nginx/blobs/${BLOB}`);
    return { ...world, location: String(headers.location) };
  };

  test("come without credentials, whole or in part", async () => {
    const { raw, location } = await redirect();
    equal(new URL(location).host, "production.cloudflare.docker.com");
    deepEqual((await raw(`GET ${location}`)).bytes, Buffer.from(BYTES));
    const part = await raw(`GET ${location}`, { headers: { range: "bytes=5-" } });
    deepEqual([part.status, digestOf(part.bytes)], [206, digestOf(BYTES.subarray(5))]);
  });

  test("do not come to who brings credentials along", async () => {
    const { raw, hub, location } = await redirect();
    const headers = { authorization: "Bearer anything" };
    equal((await raw(`GET ${location}`, { headers })).status, 400);
    hub.behaviour.redirectedRefusesAuthorization = false;
    equal((await raw(`GET ${location}`, { headers })).status, 200);
  });

  test("do not come by an address that was not signed, or that is old", async () => {
    const { raw, clock, location } = await redirect();
    const forged = new URL(location);
    forged.searchParams.set("expires", "9999999999999");
    equal((await raw(`GET ${forged}`)).status, 403);
    clock.pass(20 * 60);
    equal((await raw(`GET ${location}`)).status, 403);
  });

  test("come in place where nothing redirects", async () => {
    const { ask } = dockerHub({ behaviour: { blobsRedirectTo: undefined } });
    deepEqual((await ask(`GET /v2/library/nginx/blobs/${BLOB}`)).bytes, Buffer.from(BYTES));
  });
});

test("a Docker Hub behind a mirror may need no token, and counts all the same", async () => {
  const { raw, hub } = dockerHub({ behaviour: { signIn: "none" } });
  equal((await raw(`GET ${INDEX}`)).status, 200);
  equal(hub.pullsLeft({ address: NAT }), 99);
});

test("two runs of one world give the same tokens", async () => {
  const scope = "repository:library/nginx:pull";
  const [one, other] = [dockerHub(), dockerHub()];
  equal(await one.token(scope), await other.token(scope));
  notEqual(await one.token(scope), await one.token(scope));
});
