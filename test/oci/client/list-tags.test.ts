/** The tags that a registry lists, page by page, and how to log in there: whatever it answers, one question ends. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { LoopbackRegistry } from "../../support/registries/loopback-registry.ts";

const IMAGE = parseReference("quay.io/acme/web");
let registry: LoopbackRegistry;

beforeEach(async () => {
  registry = await LoopbackRegistry.start();
});
afterEach(() => registry.stop());

function client() {
  return createRegistries({
    send: httpTransport({ proxyEnv: {} }),
    clock: { now: systemClock.now, sleep: async () => {} },
    endpoints: new Map([["quay.io", registry.url]]),
  });
}

/** Answers each page of a list in its place. */
function pages(
  bodies: readonly (string | number)[],
  link = (page: number) => `</v2/acme/web/tags/list?page=${page}>; rel="next"`,
) {
  registry.mischief = ({ url = "" }, response) => {
    if (!url.includes("/tags/list")) return false;
    const page = Number(/page=(\d+)/.exec(url)?.[1] ?? 0);
    const body = bodies[Math.min(page, bodies.length - 1)] ?? 404;
    const next = page + 1 < bodies.length || bodies.length === 1 ? { link: link(page + 1) } : {};
    if (typeof body === "number") response.writeHead(body).end();
    else response.writeHead(200, bodies.length === 0 ? {} : next).end(body);
    return true;
  };
}

const list = (...tags: readonly string[]) => JSON.stringify({ name: "acme/web", tags });

describe("listTags", () => {
  test("reads all pages, and asks for no manifest", async () => {
    pages([list("1", "2"), list("3"), JSON.stringify({ name: "acme/web", tags: null })]);
    expect(await client().listTags(IMAGE)).toEqual({ tags: ["1", "2", "3"], isWhole: true });
    expect(registry.seen.map(({ method, path }) => `${method} ${path.split("?")[0]}`)).toEqual(
      Array.from({ length: 3 }, () => "GET /v2/acme/web/tags/list"),
    );
  });

  test("stops after twenty pages of a list without an end, and says that it is not whole", async () => {
    pages([list("1")]);
    const found = await client().listTags(IMAGE);
    expect([found?.isWhole, found?.tags.length, registry.seen.length]).toEqual([false, 20, 20]);
  });

  test("leaves out what is not a tag, and would name something else as a part of an image's name", async () => {
    pages([list("1", "", "..", "1/../../other", "1@sha256:0", "1?x=#y", "1\n", "a".repeat(129)), list("2")]);
    expect((await client().listTags(IMAGE))?.tags).toEqual(["1", "2"]);
  });

  test("knows no tags of a repository that is not there", async () => {
    pages([404, 404]);
    expect(await client().listTags(IMAGE)).toBeUndefined();
  });

  // biome-ignore format: a table is read by its columns
  test.each<readonly [string, string | number, string]>([
    ["a page that is not JSON",       "<html>",                  "malformed"],
    ["a list of other things",        '{"tags": [1]}',           "malformed"],
    ["no list",                       '{"tags": "all"}',         "malformed"],
    ["a limit",                       429,                       "rate-limited"],
    ["a refusal",                     403,                       "denied"],
  ])("fails by %s", async (_what, body, kind) => {
    pages([body, body]);
    await expect(client().listTags(IMAGE)).rejects.toMatchObject({ kind });
  });

  test("follows no page to another place with what it knows", async () => {
    const other = await LoopbackRegistry.start();
    pages([list("1"), list("2")], () => `<${other.url}/v2/acme/web/tags/list>; rel="next"`);
    await client()
      .listTags(IMAGE)
      .catch(() => {});
    expect(other.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    await other.stop();
  });
});

describe("learnLogin", () => {
  test("learns the challenge, so that a HEAD after it is one request", async () => {
    const tokens: string[] = [];
    registry.mischief = ({ url = "", headers }, response) => {
      if (url.startsWith("/token")) {
        tokens.push(url);
        response.end(JSON.stringify({ token: "t" }));
        return true;
      }
      if (headers.authorization !== undefined) return false;
      response
        .writeHead(401, { "www-authenticate": `Bearer realm="${registry.url}/token",service="s"` })
        .end();
      return true;
    };
    const registries = client();
    await registries.learnLogin(IMAGE);
    await registries.headManifest(parseReference("quay.io/acme/web:1"));
    expect(registry.seen.filter(({ method }) => method === "HEAD")).toHaveLength(1);
  });

  test.each([200, 401, 403, 404, 429, 500])(
    "is not an error where the registry answers %i",
    async (status) => {
      registry.mischief = (_, response) => {
        response.writeHead(status).end();
        return true;
      };
      await expect(client().learnLogin(IMAGE)).resolves.toBeUndefined();
    },
  );
});
