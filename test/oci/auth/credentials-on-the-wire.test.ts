/** Every byte that leaves the copier, looked at on the sockets themselves: who gets to see a secret, and who does not. */

import { deepEqual, equal, match } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { createCopier } from "../../../src/oci/copy/copier.ts";
import type { RegistryRequest } from "../../../src/oci/http/transport.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry } from "../../../src/sandbox/registry/registry.ts";
import { FastClock } from "../../support/fast-clock.ts";
import { CopyWorld } from "../../support/registries/copy-world.ts";
import { LoopbackRegistry, type Mischief, refuse } from "../../support/registries/loopback-registry.ts";

const inBase64 = (text: string): string => Buffer.from(text).toString("base64");
const SOURCE_LOGIN = inBase64("ann:source-secret");
const TARGET_LOGIN = inBase64("AWS:target-secret");
const TOKEN = "the-token-of-the-source";

describe("a copy from a source with tokens and a CDN to a target with Basic", () => {
  const places: LoopbackRegistry[] = [];
  let world: CopyWorld;
  afterEach(async () => {
    deepEqual(await world.leftBehind(), []);
    await Promise.all([world.stop(), ...places.splice(0).map((place) => place.stop())]);
  });

  /** Source, realm, CDN and target, each an origin of its own. */
  async function copied(more: (cdn: LoopbackRegistry) => Mischief = () => () => false) {
    const [realm, cdn] = await Promise.all([LoopbackRegistry.start(), LoopbackRegistry.start()]);
    places.push(realm, cdn);
    world = await CopyWorld.start(async (host) => {
      if (host === world.source.host) return basicCredentials("ann", "source-secret");
      return host === world.target.host ? basicCredentials("AWS", "target-secret") : undefined;
    });
    const { source, target } = world;
    const taps = { source: source.tap(), realm: realm.tap(), cdn: cdn.tap(), target: target.tap() };
    world.addIndex([world.addImage([400_000, 100_000, 10]), world.addImage([300_000])], "v1");
    const mischief = more(cdn);
    realm.mischief = (_, response) => {
      response.writeHead(200).end(JSON.stringify({ token: TOKEN, expires_in: 300 }));
      return true;
    };
    source.mischief = (request, response, registry) => {
      if (request.headers.authorization !== `Bearer ${TOKEN}`) {
        const challenge = `Bearer realm="${realm.url}/token",service="source"`;
        refuse(response, 401, "UNAUTHORIZED", "log in", { "www-authenticate": challenge });
        return true;
      }
      if (mischief(request, response, registry)) return true;
      if (request.method !== "GET" || !request.url?.includes("/blobs/")) return false;
      response.writeHead(307, { location: `${cdn.url}${request.url}?signature=1` }).end();
      return true;
    };
    cdn.mischief = async (request, response) => {
      request.url = request.url?.replace(/\?.*/, "");
      await source.honest(request, response);
      return true;
    };
    target.mischief = (request, response) => {
      if (request.headers.authorization === `Basic ${TARGET_LOGIN}`) return false;
      request.resume();
      refuse(response, 401, "UNAUTHORIZED", "log in", { "www-authenticate": 'Basic realm="target"' });
      return true;
    };
    const outcome = await world.outcome();
    return { outcome, said: Object.fromEntries(Object.entries(taps).map(([name, tap]) => [name, tap()])) };
  }

  const SECRETS = [SOURCE_LOGIN, TARGET_LOGIN, TOKEN, "source-secret", "target-secret"];
  const seenBy = (said = ""): readonly string[] => SECRETS.filter((secret) => said.includes(secret));

  test("only the host that a secret is for sees it", async () => {
    const { outcome, said } = await copied();
    equal(outcome, "copied");
    deepEqual(
      {
        source: seenBy(said.source),
        realm: seenBy(said.realm),
        cdn: seenBy(said.cdn),
        target: seenBy(said.target),
      },
      { source: [TOKEN], realm: [SOURCE_LOGIN], cdn: [], target: [TARGET_LOGIN] },
    );
    match(said.cdn ?? "", /^GET \/v2\/app\/blobs\//);
    equal(/authorization|cookie/i.test(said.cdn ?? ""), false);
  });

  test("no host to which manifests are redirected sees it either", async () => {
    const { outcome, said } = await copied((cdn) => (request, response) => {
      if (!request.url?.includes("/manifests/")) return false;
      response.writeHead(302, { location: `${cdn.url}${request.url}` }).end();
      return true;
    });
    equal(outcome, "copied");
    deepEqual(seenBy(said.cdn), []);
  });
});

describe("over plain HTTP, other than to loopback", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["a registry that asks for Basic",               "basic"],
    ["a registry that asks for a token of its realm", "token"],
  ] as const;
  for (const [what, signIn] of table) {
    test(`${what} gets none`, async () => {
      const clock = new FastClock();
      const registry = createRegistry({
        kind: "plain",
        host: "mirror.internal:5000",
        clock,
        behaviour: { signIn },
      });
      seedImage(registry, "app", "v1", buildImage({ name: "app" }));
      const sent: RegistryRequest[] = [];
      const registries = createRegistries({
        clock,
        send: async (request) => {
          sent.push(request);
          return registry.handle(request);
        },
        credentials: async () => basicCredentials("ann", "source-secret"),
        // A setting may name a plain address; passwords are not sent there all the same.
        endpoints: new Map([["registry.example", "http://mirror.internal:5000"]]),
      });
      const failure = await createCopier({ registries, clock })
        .copy({
          source: parseReference("registry.example/app:v1"),
          target: parseReference("target.example/app:v1"),
          targetIsEmpty: true,
        })
        .catch((error: unknown) => error);
      match(String(failure), /CopyError: source: /);
      deepEqual(
        sent.map(({ headers }) => headers.authorization),
        [undefined],
      );
    });
  }
});
