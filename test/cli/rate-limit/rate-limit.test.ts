import { deepEqual, equal, match, ok } from "node:assert/strict";
import { afterEach, describe, test } from "vitest";
import { rateLimit } from "../../../src/cli/rate-limit/rate-limit.ts";
import { serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { commandIo, type RecordedIo } from "../../support/command-io.ts";
import { FastClock } from "../../support/fast-clock.ts";

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

const IMAGE = { "ratelimitpreview/test:latest": {} };
const CONFIG = "/people/ann/.docker/config.json";
const noon = new FastClock(Date.parse("2026-11-21T14:05:00Z"));

type Hub = {
  readonly remaining?: number;
  /** Its header in place of what is left. */
  readonly says?: string;
  readonly accounts?: Readonly<
    Record<string, { password: string; limit?: number | "unlimited"; remaining?: number }>
  >;
};

/** The command next to a Docker Hub of the sandbox's own, on loopback. */
async function ask(
  hub: Hub,
  words: { login?: string; pulls?: string; json?: boolean } = {},
): Promise<{ status: number; printed: RecordedIo["printed"] }> {
  const { remaining = 100, accounts = {} } = hub;
  const quota = { limit: 100, remaining, remainingForRepull: remaining };
  const entry = { images: IMAGE, quota, accounts };
  const world = await createWorld(readWorldFile({ registries: { "docker.io": entry } }), { seed: "1" });
  const registry = world.registries.byHost.get("docker.io");
  ok(registry);
  const handle: typeof registry.handle = async (...request) => {
    const answer = await registry.handle(...request);
    const changed = hub.says === undefined ? {} : { "ratelimit-remaining": hub.says };
    return { ...answer, headers: { ...answer.headers, ...changed } };
  };
  const server = await serveRegistry({ ...registry, handle }, { address: world.addresses.repull });
  running.push(server);
  const auth = Buffer.from(words.login ?? "").toString("base64");
  const config = { auths: words.login === undefined ? {} : { "https://index.docker.io/v1/": { auth } } };
  const io = commandIo(
    { [CONFIG]: JSON.stringify(config) },
    { HOME: "/people/ann", REPULL_REGISTRY_ENDPOINTS: `docker.io=${server.url}` },
  );
  const { pulls, json = false } = words;
  const status = await rateLimit({ json, ...(pulls === undefined ? {} : { pulls }) }, io, noon);
  return { status, printed: io.printed };
}

const ann = (account: { limit?: number | "unlimited"; remaining?: number }) => ({
  ann: { password: "open sesame", ...account },
});
const LOGIN = "ann:open sesame";

describe("repull rate-limit", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, Hub, { login?: string; pulls?: string }, number, RegExp])[] = [
    ["how many are left, of how many, in which window", { remaining: 37 }, {},             0, /37 of 100 pulls are left, in a period of 6 h; all are back at the latest 6 h after 14:05 UTC/],
    ["whose address was measured",            { remaining: 37 }, {},                       0, /from this address \([0-9.]+\)/],
    ["nothing used, nothing to wait for",     {},                {},                       0, /100 of 100 pulls are left, in a period of 6 h\.\n/],
    ["what a login would bring",              {},                {},                       0, /No account is configured/],
    ["pulls that fit",                        { remaining: 37 }, { pulls: "30" },          0, /30 pulls fit, and leave 7\./],
    ["pulls that do not fit",                 { remaining: 37 }, { pulls: "50" },          3, /13 of them would be refused until/],
    ["pulls that fit into no window",         { remaining: 37 }, { pulls: "500" },         3, /500 pulls never fit into one period/],
    ["an answer without a number",             { says: ";w=21600" }, {},                    5, /an unknown number of 100 pulls are left/],
    ["less than nothing is not an answer",        { says: "-1;w=21600" }, { pulls: "1" },      5, /Whether 1 pulls fit is not known/],
    ["nothing left",                          { remaining: 0 },  {},                       3, /0 of 100 pulls are left/],
    ["the account of docker login",           { accounts: ann({ limit: 200, remaining: 150 }) }, { login: LOGIN }, 0, /as ann: 150 of 200/],
    ["an account pulls where the address may not", { remaining: 0, accounts: ann({ limit: 200 }) }, { login: LOGIN }, 0, /as ann: 200 of 200/],
    ["an account with nothing left",          { accounts: ann({ limit: 200, remaining: 0 }) }, { login: LOGIN }, 3, /as ann: 0 of 200/],
    ["an account without a limit",            { accounts: ann({ limit: "unlimited" }) }, { login: LOGIN, pulls: "9000" }, 0, /as ann: no limit was named/],
    ["a password that is not right",          { accounts: ann({}) }, { login: "ann:guessed" }, 4, /as ann: the limit could not be read: .*token/],
    ["a count that is none",                  {},                { pulls: "many" },        2, /expected a count from 1, got "many"/],
  ];
  for (const [because, hub, words, status, said] of table) {
    test(`${because}: status ${status}`, async () => {
      const answer = await ask(hub, words);
      match(answer.printed.out + answer.printed.err, said);
      equal(answer.status, status);
      ok(!/sesame|guessed/.test(JSON.stringify(answer.printed)), "no password is printed");
    });
  }

  test("costs no pull", async () => {
    equal((await ask({ remaining: 1 })).status, 0);
    const { printed } = await ask({ remaining: 1 }, { json: true });
    deepEqual(JSON.parse(printed.out).readings[0].remaining, 1);
  });

  test("prints the same for a program, in one object", async () => {
    const hub = { remaining: 37, accounts: ann({ limit: 200, remaining: 150 }) };
    const { printed } = await ask(hub, { login: LOGIN, pulls: "50", json: true });
    const { readings, ...rest } = JSON.parse(printed.out);
    deepEqual(rest, {
      type: "rate-limit",
      registry: "docker.io",
      measuredAt: "2026-11-21T14:05:00.000Z",
      pulls: 50,
    });
    const shared = { kind: "limited", windowSeconds: 21600, allBackAtTheLatest: "2026-11-21T20:05:00.000Z" };
    const told = readings.map(({ source, ...reading }: { source: string }) => {
      ok(source);
      return reading;
    });
    deepEqual(told, [
      { ...shared, who: "address", limit: 100, remaining: 37, lacking: 13 },
      { ...shared, who: "account", user: "ann", limit: 200, remaining: 150, lacking: 0 },
    ]);
  });

  test("distinguishes a missing answer from a reached limit", async () => {
    const io = commandIo({}, { REPULL_REGISTRY_ENDPOINTS: "docker.io=http://127.0.0.1:1" });
    equal(await rateLimit({ json: false }, io, noon), 5);
    match(io.printed.out, /the limit could not be read/);
  });
});
