/** Docker Hub's limit on all requests of an address, as its proxy was seen to write it: with bare line feeds. */

import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mirror } from "../../../src/cli/commands/mirror.ts";
import { rateLimit } from "../../../src/cli/rate-limit/rate-limit.ts";
import { commandIo } from "../../support/command-io.ts";
import { FastClock } from "../../support/fast-clock.ts";
import { LoopbackRegistry } from "../../support/registries/loopback-registry.ts";

let server: Server;
let target: LoopbackRegistry;
let asked = 0;
let raw = "";

beforeEach(async () => {
  asked = 0;
  target = await LoopbackRegistry.start();
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      asked += 1;
      socket.end(raw);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});
afterEach(async () => {
  await target.stop();
  await new Promise((closed) => server.close(closed));
});

function io() {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return commandIo({}, { REPULL_REGISTRY_ENDPOINTS: `docker.io=http://127.0.0.1:${port}` });
}

const answer = (end: string, more: readonly string[], body: string) =>
  ["HTTP/1.1 429 Too Many Requests", "Connection: close", ...more, "", body].join(end);
const SENTENCE =
  '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}]}';
const QUOTA = ["ratelimit-limit: 100;w=21600", "ratelimit-remaining: 0;w=21600"];

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [what: string, raw: string, adviseLogin: boolean])[] = [
  ["the abuse limit, with bare line feeds", answer("\n", ["Retry-After: 60"], "Too Many Requests (HAP429).\n"), false],
  ["the abuse limit, well written",         answer("\r\n", ["Retry-After: 60"], "Too Many Requests"),          false],
  ["the pull limit",                        answer("\r\n", QUOTA, SENTENCE),                                   true],
];

describe("repull mirror", () => {
  for (const [what, bytes, advisesLogin] of ROWS) {
    it(`ends with 3, asks once, and ${advisesLogin ? "advises a login" : "advises no login"} when Docker Hub answers with ${what}`, async () => {
      raw = bytes;
      const terminal = io();
      const input = { source: "nginx", target: `${target.host}/x:t`, platforms: [], allPlatforms: false };
      const status = await mirror({ ...input, referrers: false, json: false }, terminal, new FastClock());
      expect({ status, asked }).toEqual({ status: 3, asked: 1 });
      expect(/docker login/.test(terminal.printed.err)).toBe(advisesLogin);
    });
  }
});

describe("repull rate-limit", () => {
  for (const [what, bytes, advisesLogin] of ROWS) {
    it(`ends with 3 and ${advisesLogin ? "names what a login brings" : "advises no login"} when Docker Hub answers with ${what}`, async () => {
      raw = bytes;
      const terminal = io();
      expect(await rateLimit({ json: false }, terminal, new FastClock())).toBe(3);
      expect(/docker login/.test(terminal.printed.out)).toBe(advisesLogin);
    });
  }
});
