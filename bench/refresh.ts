/**
 * `node bench/refresh.ts [TAGS MILLISECONDS]`: a refresh of 1,000 copied tags of 250 repositories, at a registry that asks for a
 * token for each repository and answers after 100 ms. What the registry has seen is counted there, not by us.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { digestOf, shortDigest } from "../src/image/digest.ts";
import { USE_PLACES } from "../src/mirrors/facts.ts";
import { runRefresh } from "../src/mirrors/refresh/run-refresh.ts";
import { createRegistries } from "../src/oci/client/registries.ts";
import { httpTransport } from "../src/oci/http/http-transport.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { DEFAULT_POLICY } from "../src/substitution/policy/policy.ts";

const [tags = 1000, milliseconds = 100] = process.argv.slice(2).map(Number);
const PREFIX = "repull/quay.io/bench";
const TAGS_OF_A_REPOSITORY = 4;
const digestFor = (repository: string, tag: string) => digestOf(`${repository}:${tag}`);

const seen = new Map<string, number>();
const registry = createServer(async ({ method, url = "", headers }, response) => {
  await delay(milliseconds);
  const [, repository = "", tag = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url) ?? [];
  const what = url.startsWith("/token") ? "tokens" : tag === "" ? `${method} ${url}` : `${method} manifest`;
  seen.set(what, (seen.get(what) ?? 0) + 1);
  if (url.startsWith("/token")) return void response.end(JSON.stringify({ token: "t", expires_in: 300 }));
  if (headers.authorization === undefined)
    return void response
      .writeHead(401, { "www-authenticate": `Bearer realm="${address}/token",service="bench"` })
      .end();
  response
    .writeHead(200, {
      "docker-content-digest": digestFor(repository, tag),
      "content-type": "application/vnd.oci.image.index.v1+json",
      "content-length": "2",
    })
    .end();
});
await new Promise<void>((listening) => registry.listen(0, "127.0.0.1", listening));
const address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;

const names = Array.from({ length: Math.ceil(tags / TAGS_OF_A_REPOSITORY) }, (_, index) => `app${index}`);
const tagsOf = (name: string) =>
  Array.from({ length: TAGS_OF_A_REPOSITORY }, (_, index) => `1.${index}`).slice(
    0,
    tags - TAGS_OF_A_REPOSITORY * names.indexOf(name),
  );
const registries = createRegistries({
  send: httpTransport({ proxyEnv: {} }),
  clock: systemClock,
  endpoints: new Map([["quay.io", address]]),
});
const nothing = Object.fromEntries(USE_PLACES.map((place) => [place, []]));
const services = names.flatMap((name) =>
  tagsOf(name).map((tag) => ({
    place: "services" as const,
    by: `${name}-${tag}`,
    image: `quay.io/bench/${name}:${tag}`,
  })),
);

const began = performance.now();
const report = await runRefresh(
  {
    policy: DEFAULT_POLICY,
    host: "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    run: "bench",
    isDryRun: true,
  },
  {
    registries,
    tagLists: registries,
    logins: registries,
    clock: systemClock,
    store: {
      repositories: async () => names.map((name) => `${PREFIX}/${name}`),
      describe: async (name) => ({
        name,
        source: name.slice("repull/".length),
        readers: "own-account",
      }),
      images: async (name) =>
        tagsOf(name.slice(PREFIX.length + 1)).map((tag) => {
          const digest = digestFor(name.slice("repull/quay.io/".length), tag);
          return { digest, tags: [`${tag}-${shortDigest(digest)}`], isActive: true };
        }),
    },
    reader: {
      read: async () => ({
        uses: { ...nothing, services } as never,
        clusters: [],
        schedules: [],
      }),
    },
    records: {
      lock: async () => async () => {},
      read: async () => ({ sources: new Map(), known: new Map() }),
      writeSources: async () => {},
      writeKnown: async () => {},
    },
    executions: {
      functionName: () => "mirror",
      start: async () => Promise.reject(new Error("a dry run starts nothing")),
      status: async () => undefined,
    },
    publish: async () => {},
    stopped: async () => undefined,
  },
);
const seconds = (performance.now() - began) / 1000;
console.log(
  `${report.tags} tags, ${report.moved.length} moved, ${report.unanswered} without an answer: ${report.heads} HEADs by our count, ${seconds.toFixed(1)} s`,
);
for (const [what, count] of [...seen].toSorted((a, b) => b[1] - a[1]))
  console.log(`${String(count).padStart(6)}  ${what}`);
registry.closeAllConnections();
registry.close();
process.exit(0);
