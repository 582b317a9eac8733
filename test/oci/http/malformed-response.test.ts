import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { RegistryError } from "../../../src/oci/client/registry-error.ts";
import { type HttpTransport, httpTransport } from "../../../src/oci/http/http-transport.ts";
import { FastClock } from "../../support/fast-clock.ts";

let server: Server;
let asked = 0;
let raw = "";
let send: HttpTransport;

beforeEach(async () => {
  asked = 0;
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      asked += 1;
      socket.end(raw);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  send = httpTransport({ idleSeconds: 2 });
});
afterEach(async () => {
  send.close();
  await new Promise((closed) => server.close(closed));
});

async function head(): Promise<RegistryError> {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const registries = createRegistries({
    send,
    clock: new FastClock(),
    endpoints: new Map([["docker.io", `http://127.0.0.1:${port}`]]),
    credentials: async () => undefined,
  });
  const image = parseReference("nginx:1.27");
  try {
    await registries.open(image, "pull").getManifest("1.27");
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw error;
  }
  throw new Error("no refusal");
}

const LINES = ["Cache-Control: no-cache", "Connection: close", "Content-Type: text/plain"];
const answer = (
  status: string,
  end: string,
  more: readonly string[] = [],
  body = "Too Many Requests (HAP429).\n",
) => [`HTTP/1.1 ${status}`, ...LINES, ...more, "", body].join(end);

// biome-ignore format: a table is read by its columns
const ROWS: readonly (readonly [what: string, raw: string, kind: string, status: number | undefined, retryAfter: number | undefined])[] = [
  ["429 with bare line feeds",                 answer("429 Too Many Requests", "\n", ["Retry-After: 60"]),  "rate-limited", 429, 60],
  ["429 with line feeds after a good line",    answer("429 Too Many Requests", "\r\n", ["X-A: b\nRetry-After: 60"]), "rate-limited", 429, 60],
  ["429 in HTTP/1.0 with bare line feeds",     answer("429 Too Many Requests", "\n").replace("1.1", "1.0"), "rate-limited", 429, undefined],
  ["403 with bare line feeds",                 answer("403 Forbidden", "\n"),                               "denied",       403, undefined],
  ["a success with bare line feeds",           answer("200 OK", "\n"),                                      "unavailable",  undefined, undefined],
  ["no status at all",                         "429 Too Many Requests\n\n",                                 "unavailable",  undefined, undefined],
];

describe("a registry's answer that breaks the grammar of HTTP", () => {
  for (const [what, bytes, kind, status, retryAfterSeconds] of ROWS) {
    it(`is ${kind} when it is ${what}`, async () => {
      raw = bytes;
      const error = await head();
      expect({ kind: error.kind, status: error.status, retryAfterSeconds: error.retryAfterSeconds }).toEqual({
        kind,
        status,
        retryAfterSeconds,
      });
      expect(error.message.includes("HAP429")).toBe(status !== undefined);
      expect(asked).toBe(1);
    });
  }
});
