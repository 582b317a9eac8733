/** Connections that never open, and logins that cannot be read: every request has a time limit all the same. */

import { equal, match, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import https from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { describe, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { httpTransport } from "../../../src/oci/http/http-transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { makeCertificate } from "../../support/certificate.ts";

describe("a TLS handshake", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [what: string, act: (socket: Socket) => void])[] = [
    ["that comes a byte at a time",  (socket) => drip(socket, Buffer.from([0x16, 3, 3, 0x40, 0]), 0)],
    ["of empty records",             (socket) => drip(socket, Buffer.from([0x17, 3, 3, 0, 0]), 0x17)],
    ["that gets no answer",          () => {}],
    ["that is answered in the clear", (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["that is broken off",           (socket) => void socket.destroy()],
  ];
  for (const method of ["GET", "PUT"] as const) {
    for (const [what, act] of table) {
      test.concurrent(`${what} ends a ${method}`, async () => {
        const server = createServer((socket) => {
          socket.on("error", () => {});
          socket.once("data", () => act(socket));
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        const send = httpTransport({ idleSeconds: 0.3, uploadAnswerSeconds: 0.3 });
        const started = performance.now();
        const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/v2/`);
        const body = method === "PUT" ? { body: Readable.from([Buffer.alloc(1)]) } : {};
        const headers = { "content-length": method === "PUT" ? "1" : "0" };
        await rejects(send({ method, url, headers, reach: "loopback", ...body }));
        ok(performance.now() - started < 5000);
        send.close();
        server.close();
      });
    }
  }
});

describe("an upload whose source is over before the request begins", () => {
  const table: readonly (readonly [string, (body: Readable) => void])[] = [
    ["with an error", (body) => void body.destroy(new Error("the source lied"))],
    ["without an error", (body) => void body.destroy()],
  ];
  for (const [how, ends] of table)
    test(`${how} ends at once, and does not wait for bytes that never come`, async () => {
      const server = createServer((socket) => void socket.on("error", () => {})).listen(0, "127.0.0.1");
      await once(server, "listening");
      // Far longer than the test may take: only the transport's own look can end it.
      const send = httpTransport({ idleSeconds: 3600, uploadAnswerSeconds: 3600 });
      const body = new Readable({ read() {} });
      body.on("error", () => {});
      const closed = once(body, "close");
      ends(body);
      await closed.catch(() => {});
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/`);
      const headers = { "content-length": "600000" };
      await rejects(send({ method: "PUT", url, headers, reach: "loopback", body }), /source ended/);
      send.close();
      server.close();
    }, 5000);
});

function drip(socket: Socket, start: Buffer, byte: number): void {
  socket.write(start);
  const timer = setInterval(() => socket.write(Buffer.from([byte])), 20);
  socket.once("close", () => clearInterval(timer));
}

test("a blob's next connection to a place goes on with the TLS session of the one before", async () => {
  const folder = await mkdtemp(join(tmpdir(), "repull-session-"));
  const { certificate, key } = await makeCertificate(folder);
  const server = https.createServer({ cert: certificate, key }, (_, response) => {
    response.writeHead(200, { connection: "close", "content-length": 1 }).end("x");
  });
  const resumed: boolean[] = [];
  server.on("secureConnection", (socket: TLSSocket) => resumed.push(socket.isSessionReused()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const send = httpTransport({ ca: [certificate], idleSeconds: 2 });
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  for (let count = 0; count < 3; count++) {
    const { body } = await send({ method: "GET", url, headers: {}, reach: "loopback", bulk: true });
    body.resume();
    await once(body, "close");
  }
  equal(resumed.join(" "), "false true true");
  send.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

describe("a login that is never shown", () => {
  const never = (): Promise<never> => new Promise(() => {});
  const image = parseReference("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1");
  const send = never;

  test("ends its question after the question's time", async () => {
    const registries = createRegistries({
      send,
      clock: systemClock,
      credentials: never,
      requestSeconds: 0.1,
    });
    await rejects(registries.headManifest(image), {
      name: "RegistryError",
      kind: /unavailable|unauthorized/,
    });
  });

  test("is not waited for by who has given up", async () => {
    const registries = createRegistries({ send, clock: systemClock, credentials: never });
    const stop = new AbortController();
    const asked = registries.headManifest(image, stop.signal).catch((error: Error) => error.message);
    await delay(10);
    stop.abort(new Error("enough"));
    match(String(await asked), /enough/);
  });
});
