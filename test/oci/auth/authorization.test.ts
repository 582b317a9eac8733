/** Who sees a credential, and who does not. */

import { deepEqual, equal, match } from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { afterEach, describe, test } from "vitest";
import { basicCredentials, type Credentials } from "../../../src/oci/auth/credentials.ts";
import { CopyWorld } from "../../support/registries/copy-world.ts";
import { type Mischief, refuse } from "../../support/registries/loopback-registry.ts";

let world: CopyWorld;
afterEach(async () => {
  deepEqual(await world.leftBehind(), []);
  await world.stop();
});

const LOGIN = basicCredentials("ann", "s3cret");
const HEADER = `Basic ${Buffer.from("ann:s3cret").toString("base64")}`;

async function start(credentials: Credentials | undefined = LOGIN): Promise<void> {
  world = await CopyWorld.start(async (host) => (host === world.source.host ? credentials : undefined));
  world.addImage([200_000, 10], "v1");
}

type Answer = { readonly status?: number; readonly body: string | object };

/** A source that wants a Bearer token, and a realm at the same place that hands out `t1`, `t2`… */
function wantsToken(
  options: {
    readonly challenge?: (url: string) => string;
    readonly answer?: (nth: number) => Answer;
    readonly accepts?: (token: string | undefined) => boolean;
  } = {},
): Mischief {
  let count = 0;
  const {
    challenge = (url) => `Bearer realm="${url}/token",service="the registry",scope="repository:app:pull"`,
    answer = (nth): Answer => ({ body: { token: `t${nth}`, expires_in: 300 } }),
    accepts = (token) => token !== undefined,
  } = options;
  return (request, response, registry) => {
    if (request.url?.startsWith("/token")) {
      count += 1;
      const { status = 200, body } = answer(count);
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
      return true;
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (accepts(token)) return false;
    refuse(response, 401, "UNAUTHORIZED", "log in", { "www-authenticate": challenge(registry.url) });
    return true;
  };
}

const tokensAsked = (): number => world.source.count("GET", /^\/token/);

describe("a Bearer token", () => {
  test("is asked for once for a scope, with the login, and serves every request", async () => {
    await start();
    world.source.mischief = wantsToken();
    equal(await world.outcome(), "copied");
    equal(tokensAsked(), 1);
    const asked = world.source.seen.find(({ path }) => path.startsWith("/token"));
    equal(asked?.headers.authorization, HEADER);
    equal(asked?.path, "/token?service=the+registry&scope=repository%3Aapp%3Apull");
    equal(world.source.count("GET", /blobs/), 3);
    equal(
      world.source.seen.filter(({ headers }) => headers.authorization === undefined).length,
      1,
      "one 401 only",
    );
  });

  test("is renewed before it runs out", async () => {
    await start();
    world.source.mischief = wantsToken();
    await world.copy();
    world.clock.slept += 290_000;
    world.addImage([20], "v1");
    equal(await world.outcome(), "copied");
    equal(tokensAsked(), 2);
    equal(
      world.source.seen.filter(({ headers }) => headers.authorization === undefined).length,
      1,
      "no second 401",
    );
  });

  test("that is refused in mid-copy is renewed, and the copy goes on", async () => {
    await start();
    let used = 0;
    world.source.mischief = wantsToken({
      accepts: (token) => {
        if (token === "t1") used += 1;
        return token !== undefined && (token !== "t1" || used <= 2);
      },
    });
    equal(await world.outcome(), "copied");
    equal(tokensAsked(), 2);
  });

  test("that runs out under a dozen blobs at once is renewed once", async () => {
    await start();
    world.addImage(
      Array.from({ length: 12 }, (_, index) => 70_000 + index),
      "v1",
    );
    const isBlob = (path = ""): boolean => path.includes("/blobs/");
    const early = wantsToken();
    const late = wantsToken({ accepts: (token) => token !== undefined && token !== "t1" });
    world.source.mischief = (...all) =>
      (isBlob(all[0].url) && !all[0].url?.startsWith("/token") ? late : early)(...all);
    equal(await world.outcome(), "copied");
    equal(tokensAsked(), 2);
  });

  test("whose asker gave up is asked for by the next who waits", async () => {
    await start();
    const stopping = new AbortController();
    const to = (path: string) => ({ target: { host: world.target.host, path, tag: "v1" } });
    const honest = wantsToken();
    let other: Promise<string> | undefined;
    world.source.mischief = (...all) => {
      if (!all[0].url?.startsWith("/token") || other !== undefined) return honest(...all);
      other = world.outcome(to("two"));
      setTimeout(() => stopping.abort(new Error("enough")), 50);
      return true;
    };
    match(await world.outcome(to("one"), { signal: stopping.signal }), /aborted/);
    equal(await other, "copied");
  });

  test("that runs out while the target is written to is renewed as well", async () => {
    world = await CopyWorld.start();
    world.addImage([600_000, 400_000], "v1");
    let uploads = 0;
    world.target.mischief = (request, response, registry) => {
      if (request.method === "PUT" && request.url?.includes("uploads")) uploads += 1;
      const expired = uploads >= 2 && request.headers.authorization === "Bearer t1";
      return wantsTokenAt(request, response, registry, expired);
    };
    const inner = wantsToken();
    const second = wantsToken({ accepts: (token) => token !== undefined && token !== "t1" });
    const wantsTokenAt = (...[request, response, registry, expired]: [...Parameters<Mischief>, boolean]) =>
      (request.url?.startsWith("/token") || !expired ? inner : second)(request, response, registry);
    equal(await world.outcome(), "copied");
  });

  const answers: readonly (readonly [string, Answer, RegExp])[] = [
    ["under the name access_token", { body: { access_token: "x" } }, /^copied$/],
    ["missing from its answer", { body: { expires_in: 300 } }, /^source malformed: .*without a token/],
    ["that is not text", { body: { token: { a: 1 } } }, /^source malformed: .*without a token/],
    [
      "with a line break in it",
      { body: { token: "x\r\nhost: evil" } },
      /^source malformed: .*without a token/,
    ],
    ["in an answer of a megabyte", { body: "x".repeat(1_000_000) }, /^source malformed: .*more than 64 KiB/],
    [
      "that the realm refuses",
      { status: 401, body: { details: "wrong password" } },
      /^source unauthorized: /,
    ],
    ["limited at the realm", { status: 429, body: "too many" }, /^source rate-limited: /],
  ];
  for (const [what, answer, outcome] of answers) {
    test(`${what}: ${outcome.source}`, async () => {
      await start();
      world.source.mischief = wantsToken({ answer: () => answer });
      match(await world.outcome(), outcome);
    });
  }

  // biome-ignore format: a table is read by its columns
  const challenges: readonly (readonly [string, (url: string) => string])[] = [
    ["without quotes",                      (url) => `Bearer realm=${url}/token,service=registry`],
    ["in another case, with spaces",        (url) => `bEARER  Realm = "${url}/token" , SERVICE="registry"`],
    ["with commas and escapes in a value",  (url) => `Bearer realm="${url}/token",service="a, \\"b\\"",scope="repository:app:pull,push"`],
    ["after unknown schemes",               (url) => `Negotiate abc==, Digest realm="x", qop="auth", Bearer realm="${url}/token"`],
    ["after Basic, which is weaker",        (url) => `Basic realm="x", Bearer realm="${url}/token"`],
    ["twice, the first one counts",         (url) => `Bearer realm="${url}/token", Bearer realm="https://evil.example/token"`],
    ["with parameters that it should not have", (url) => `Bearer ,, realm="${url}/token",error="invalid_token",x=`],
  ];
  for (const [how, challenge] of challenges) {
    test(`that is asked for ${how} is found`, async () => {
      await start();
      world.source.mischief = wantsToken({ challenge });
      equal(await world.outcome(), "copied");
      equal(tokensAsked(), 1);
    });
  }

  test("whose words come a byte at a time is not waited for", async () => {
    await start();
    world.clock.speed = 1000;
    const honest = wantsToken();
    world.source.mischief = (request, response, registry) => {
      if (!request.url?.startsWith("/token")) return honest(request, response, registry);
      response.writeHead(200);
      const drip = setInterval(() => response.write(" "), 20);
      response.once("close", () => clearInterval(drip));
      return true;
    };
    match(await world.outcome(), /^source unavailable: .*too slowly to end/);
    deepEqual([...world.target.tags.keys()], []);
  });

  const realms: readonly (readonly [string, string, RegExp])[] = [
    ["over plain HTTP", "http://auth.example.com/token", /is not asked: it leaves encryption/],
    ["that is not an address", "not a url at all://", /is not asked/],
    [
      "of the instance's metadata",
      "http://169.254.169.254/latest/meta-data",
      /is not asked: it leaves encryption/,
    ],
  ];
  for (const [what, realm, words] of realms) {
    test(`of a realm ${what} is not asked for`, async () => {
      await start();
      world.source.mischief = wantsToken({ challenge: () => `Bearer realm="${realm}"` });
      const outcome = await world.outcome();
      match(outcome, /^source denied: /);
      match(outcome, words);
    });
  }

  test("is not followed to where the realm points instead of answering", async () => {
    await start();
    const honest = wantsToken();
    world.source.mischief = (request, response, registry) => {
      if (!request.url?.startsWith("/token")) return honest(request, response, registry);
      response.writeHead(302, { location: `${world.target.url}/steal` }).end();
      return true;
    };
    match(await world.outcome(), /^source denied: .*points elsewhere/);
    equal(
      world.target.seen.some(({ path }) => path === "/steal"),
      false,
    );
  });
});

describe("Basic", () => {
  const wantsBasic: Mischief = (request, response) => {
    if (request.headers.authorization === HEADER) return false;
    refuse(response, 401, "UNAUTHORIZED", "log in", { "www-authenticate": 'Basic realm="a \\"b\\", c"' });
    return true;
  };

  test("is shown once the registry has asked for it", async () => {
    await start();
    world.source.mischief = wantsBasic;
    equal(await world.outcome(), "copied");
    equal(world.source.seen[0]?.headers.authorization, undefined);
  });

  test("without a login ends as unauthorized", async () => {
    world = await CopyWorld.start();
    world.addImage([10], "v1");
    world.source.mischief = wantsBasic;
    match(await world.outcome(), /^source unauthorized: /);
  });

  test("that is wrong is shown once more and no oftener", async () => {
    await start(basicCredentials("ann", "wrong"));
    world.source.mischief = wantsBasic;
    match(await world.outcome(), /^source unauthorized: /);
    equal(world.source.seen.length, 2);
  });

  test("stays at the registry's own origin when a blob is redirected", async () => {
    await start();
    const elsewhere: IncomingMessage[] = [];
    world.source.mischief = (request, response, registry) => {
      if (/\/blobs\//.test(request.url ?? "")) {
        response.writeHead(307, { location: `${world.target.url}/cdn${request.url}?sig=1` }).end();
        return true;
      }
      return wantsBasic(request, response, registry);
    };
    world.target.mischief = (request, response) => {
      if (!request.url?.startsWith("/cdn")) return false;
      elsewhere.push(request);
      const bytes = world.source.blobs.get(/sha256:[0-9a-f]+/.exec(request.url)?.[0] ?? "");
      response.writeHead(200, { "content-length": bytes?.length }).end(bytes);
      return true;
    };
    equal(await world.outcome(), "copied");
    equal(elsewhere.length, 3);
    deepEqual(
      elsewhere.map(({ headers }) => headers.authorization),
      [undefined, undefined, undefined],
    );
  });

  test("is not shown to a stranger who asks for it where a redirect has led", async () => {
    await start();
    world.source.mischief = (request, response, registry) => {
      if (!/\/blobs\//.test(request.url ?? "")) return wantsBasic(request, response, registry);
      response.writeHead(307, { location: `${world.target.url}/cdn` }).end();
      return true;
    };
    world.target.mischief = (request, response) => {
      if (request.url !== "/cdn") return false;
      const challenge = `Bearer realm="${world.target.url}/steal",service="x"`;
      refuse(response, 401, "UNAUTHORIZED", "show it to me", { "www-authenticate": challenge });
      return true;
    };
    match(await world.outcome(), /^source unauthorized: /);
    equal(world.target.count("GET", /steal/), 0);
    equal(
      world.target.seen.some(({ headers }) => headers.authorization !== undefined),
      false,
    );
  });

  test("stays there when an upload's location is elsewhere", async () => {
    world = await CopyWorld.start(async (host) => (host === world.target.host ? LOGIN : undefined));
    world.addImage([100_000], "v1");
    world.target.mischief = (request, response, registry) => {
      if (request.method === "POST" && request.headers.authorization === HEADER) {
        response.writeHead(202, { location: `${world.source.url}/stolen` }).end();
        return true;
      }
      return wantsBasic(request, response, registry);
    };
    world.source.mischief = (request, response) => {
      if (!request.url?.startsWith("/stolen")) return false;
      request.resume();
      response.writeHead(201).end();
      return true;
    };
    await world.outcome();
    const sent = world.source.seen.filter(({ path }) => path.startsWith("/stolen"));
    equal(sent.length > 0, true);
    deepEqual(new Set(sent.map(({ headers }) => headers.authorization)), new Set([undefined]));
  });

  test("never appears in words", async () => {
    await start();
    world.source.mischief = (_, response) => {
      refuse(
        response,
        403,
        "DENIED",
        `no ${HEADER} as 'ann', dckr_pat_abcdefghijklm at https://u:p@x.example/y?token=abc`,
      );
      return true;
    };
    const words = await world.outcome();
    equal(/s3cret|YW5u|dckr_pat_a|token=abc|u:p@/.test(words), false, words);
  });
});

test("a registry that a setting maps to another address is talked to there, under its own name", async () => {
  world = await CopyWorld.start(undefined, (source) => new Map([["registry-1.docker.io", source.url]]));
  world.addImage([10], "v1");
  for (const link of [...world.source.links]) world.source.links.add(link.replace(/^app@/, "library/app@"));
  world.source.tags.set("library/app:v1", world.source.tags.get("app:v1") ?? "");
  const { requests } = await world.copy({ source: { host: "docker.io", path: "library/app", tag: "v1" } });
  equal(requests.source, 3);
});
