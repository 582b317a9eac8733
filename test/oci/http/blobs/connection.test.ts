/** Connections of our own, for long bodies: what a peer may say there, word for word, and what comes of it. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import https from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, test } from "vitest";
import { giveBack } from "../../../../src/oci/http/blobs/buffers.ts";
import { type HttpTransport, httpTransport } from "../../../../src/oci/http/http-transport.ts";
import type { RegistryRequest, RegistryResponse } from "../../../../src/oci/http/transport.ts";
import { makeCertificate } from "../../../support/certificate.ts";
import { FastClock } from "../../../support/fast-clock.ts";

let server: Server;
let send: HttpTransport;
let clock: FastClock;
/** What the server does with each request, by the bytes of its head. */
let answer: (socket: Socket, head: string) => void;
let heads: string[];
let sockets: Set<Socket>;

beforeEach(async () => {
  clock = new FastClock();
  send = httpTransport({ clock, idleSeconds: 0.3 });
  heads = [];
  sockets = new Set();
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      heads.push(bytes.toString("latin1"));
      answer(socket, bytes.toString("latin1"));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  send.close();
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, "close");
});

const get = (more: Partial<RegistryRequest> = {}): Promise<RegistryResponse> =>
  send({
    method: "GET",
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/x?y=z`),
    headers: { "user-agent": "test" },
    reach: "loopback",
    bulk: true,
    ...more,
  });

/** How a GET ends: status and body, or the words of what went wrong, with what had come. */
async function outcome(): Promise<string> {
  try {
    const { status, body } = await get();
    let came = "";
    try {
      for await (const piece of body as AsyncIterable<Buffer>) came += piece.toString("latin1");
      return `${status} ${came}`;
    } catch (error) {
      return `${status} ${came}, then ${(error as Error).message}`;
    }
  } catch (error) {
    return (error as Error).message;
  }
}

/** A moment in which both sockets see that they are closed. */
async function connections(): Promise<number> {
  for (let waited = 0; waited < 20 && sockets.size > 0; waited++) await delay(5);
  return sockets.size;
}

const OK = "HTTP/1.1 200 OK\r\n";
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

test("a request says what it must, and no more", async () => {
  answer = (socket) => socket.write(`${OK}content-length: 0\r\n\r\n`);
  await outcome();
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lines = ["GET /v2/x?y=z HTTP/1.1", `host: ${host}`, "connection: keep-alive", "user-agent: test"];
  equal(heads.join(""), `${lines.join("\r\n")}\r\n\r\n`);
});

test("a header that would begin another is not sent", async () => {
  await rejects(get({ headers: { authorization: "Bearer x\r\nhost: evil" } }), /Invalid character/);
  deepEqual(heads, []);
});

describe("an answer", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, readonly string[], string, "kept" | "closed"])[] = [
    ["by its length",                        [`${OK}content-length: 3\r\n\r\nabc`],                              "200 abc",                                            "kept"],
    ["of no bytes",                          [`${OK}content-length: 0\r\n\r\n`],                                 "200 ",                                               "kept"],
    ["that is a refusal",                    ["HTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\n{}"],                 "404 {}",                                             "kept"],
    ["in many pieces",                       [...`${OK}content-length: 3\r\n\r\nabc`],                           "200 abc",                                            "kept"],
    ["after preliminary ones",               [CONTINUE, `${CONTINUE}${OK}content-length: 1\r\n`, "\r\na"],       "200 a",                                              "kept"],
    ["in chunks",                            [`${OK}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1`, "\r\nc\r\n0\r\n\r\n"], "200 abc",                                 "closed"],
    ["until the connection ends",            [`${OK}\r\nabc`, "END"],                                            "200 abc",                                            "closed"],
    ["that asks to close",                   [`${OK}connection: close\r\ncontent-length: 1\r\n\r\na`],           "200 a",                                              "closed"],
    ["that goes on after its end",           [`${OK}content-length: 1\r\n\r\naHTTP/1.1 200 OK\r\n`],             "200 a",                                              "closed"],
    ["that is followed by another",          [`${OK}content-length: 1\r\n\r\na`, `${OK}content-length: 1\r\n\r\nb`], "200 a",                                          "closed"],
    ["that breaks off in its body",          [`${OK}content-length: 5\r\n\r\nabc`, "END"],                       "200 abc, then the connection ended before the answer did", "closed"],
    ["that breaks off in its chunks",        [`${OK}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n`, "END"],      "200 ab, then the connection ended before the answer did", "closed"],
    ["that breaks off in its head",          [OK, "END"],                                                        "the connection ended before the answer did",         "closed"],
    ["that refuses, with bare line feeds",   ["HTTP/1.1 429 Slow\nretry-after: 5\n\nslow"],                      "429 slow",                                           "closed"],
    ["that succeeds, with bare line feeds",  ["HTTP/1.1 200 OK\ncontent-length: 1\n\na"],                       "the answer's headers end with bare line feeds",      "closed"],
    ["that refuses, with two lengths",       ["HTTP/1.1 403 No\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}"], "403 {}",                                      "closed"],
    ["that never comes",                     [],                                                                 "nothing came for 0.3 s",                             "closed"],
    ["that stops",                           [`${OK}content-length: 5\r\n\r\nabc`],                              "200 abc, then nothing came for 0.3 s",               "closed"],
    ["in malformed chunks",                  [`${OK}transfer-encoding: chunked\r\n\r\n2\r\nab`, "\r\nxyz\r\n"], "200 ab, then a chunk's size is not a number",              "closed"],
    ["with a length and chunks",             [`${OK}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc`], "the answer has a length and chunks as well",        "closed"],
    ["of another protocol",                  ["220 mail.example ESMTP\r\n\r\n"],                                 "the answer does not begin as HTTP/1.1 does",         "closed"],
    ["that changes the protocol",            ["HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"],       "the answer changes the protocol",                    "closed"],
    ["that is always preliminary",           [CONTINUE.repeat(11)],                                              "one preliminary answer follows another",             "closed"],
    ["whose headers have no end",            [`${OK}x: ${"y".repeat(40_000)}`],                                  "the answer's headers overflow 32 KiB",               "closed"],
    ["whose headers end too late",           [`${OK}x: ${"y".repeat(40_000)}\r\ncontent-length: 0\r\n\r\n`],     "the answer's headers overflow 32 KiB",               "closed"],
  ];
  for (const [what, pieces, expected, after] of table) {
    test(`${what}: ${expected}, ${after}`, async () => {
      answer = async (socket) => {
        for (const piece of pieces) {
          if (piece === "END") socket.end();
          else socket.write(piece);
          await delay(pieces.length > 10 ? 1 : 10);
        }
      };
      equal(await outcome(), expected);
      await delay(15);
      if (after === "closed") return equal(await connections(), 0);
      equal(await outcome(), expected);
      equal(sockets.size, 1, "the same connection");
    });
  }

  test("of single bytes of headers ends by its pace", async () => {
    clock.speed = 1000;
    answer = async (socket) => {
      socket.write(`${OK}x: `);
      while (!socket.destroyed) {
        socket.write("y");
        await delay(10);
      }
    };
    match(await outcome(), /headers come too slowly/);
    equal(await connections(), 0);
  });
});

describe("a long body", () => {
  const bytes = randomBytes(24_000_000);
  const digest = createHash("sha256").update(bytes).digest("hex");
  beforeEach(() => {
    answer = (socket) => {
      socket.write(`${OK}content-length: ${bytes.length}\r\n\r\n`);
      socket.write(bytes);
    };
  });

  test("goes through the same memory again and again", async () => {
    const { body } = await get();
    const hash = createHash("sha256");
    const memory = new Set<ArrayBufferLike>();
    // Piece by piece, as blobs are read: an iterator would join what waits.
    body.on("data", (piece: Buffer) => {
      hash.update(piece);
      memory.add(piece.buffer);
      equal(giveBack(piece), true);
    });
    body.resume();
    await once(body, "end");
    equal(hash.digest("hex"), digest);
    ok(memory.size <= 8, `${memory.size} slabs for ${bytes.length} bytes`);
  });

  test("without a reader waits at the peer, longer than the idle time-out, and is whole", async () => {
    const { body } = await get();
    await delay(800);
    ok(body.readableLength < 1_500_000, `${body.readableLength} bytes lie here`);
    const hash = createHash("sha256");
    for await (const piece of body as AsyncIterable<Buffer>) hash.update(piece);
    equal(hash.digest("hex"), digest);
  });

  test("that is let go takes its connection with it", async () => {
    const { body } = await get();
    body.destroy();
    equal(await connections(), 0);
  });

  test("that is aborted says why, and takes its connection with it", async () => {
    const stopping = new AbortController();
    const { body } = await get({ signal: stopping.signal });
    const read = text(body);
    stopping.abort(new Error("enough"));
    await rejects(read, /enough/);
    equal(await connections(), 0);
  });
});

describe("several at once", () => {
  test("have a connection each, which the next ones use again", async () => {
    answer = (socket, head) => {
      const name = /y=(\w+)/.exec(head)?.[1] ?? "";
      setTimeout(() => socket.write(`${OK}content-length: ${name.length}\r\n\r\n${name}`), 10);
    };
    const port = (server.address() as AddressInfo).port;
    const names = ["a", "bb", "ccc", "dddd"];
    for (let round = 0; round < 3; round++) {
      const asked = names.map(async (name) =>
        text((await get({ url: new URL(`http://127.0.0.1:${port}/?y=${name}`) })).body),
      );
      deepEqual(await Promise.all(asked), names);
    }
    equal(sockets.size, names.length);
  });

  test("a connection that its peer has closed meanwhile is not used", async () => {
    answer = (socket) => socket.write(`${OK}content-length: 1\r\n\r\na`);
    equal(await outcome(), "200 a");
    for (const socket of sockets) socket.end();
    await delay(20);
    equal(await outcome(), "200 a");
  });

  test("a connection that is not needed is closed after the idle time-out", async () => {
    answer = (socket) => socket.write(`${OK}content-length: 1\r\n\r\na`);
    equal(await outcome(), "200 a");
    await delay(400);
    equal(await connections(), 0);
  });
});

describe("over TLS", () => {
  let folder: string;
  let secure: https.Server;
  let certificate: string;
  let port: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "repull-bulk-"));
    const made = await makeCertificate(folder);
    certificate = made.certificate;
    secure = https.createServer({ cert: made.certificate, key: made.key }, (_, response) =>
      response.end(Buffer.alloc(300_000, "x")),
    );
    secure.on("tlsClientError", () => {});
    secure.listen(0, "127.0.0.1");
    await once(secure, "listening");
    port = (secure.address() as AddressInfo).port;
  });
  afterEach(async () => {
    secure.close();
    secure.closeAllConnections();
    await rm(folder, { recursive: true });
  });

  test("a connection is used again after bodies that were paused up to their end", async () => {
    const trusting = httpTransport({ ca: [certificate], idleSeconds: 2 });
    let connections = 0;
    secure.on("secureConnection", () => {
      connections += 1;
    });
    for (let count = 0; count < 5; count++) {
      const { body } = await trusting({
        method: "GET",
        headers: {},
        reach: "loopback",
        bulk: true,
        url: new URL(`https://127.0.0.1:${port}/`),
      });
      let length = 0;
      for await (const piece of body as AsyncIterable<Buffer>) {
        length += piece.length;
        if (length % 5 === 0) await delay(1);
      }
      equal(length, 300_000);
    }
    equal(connections, 1);
    trusting.close();
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["127.0.0.1", "a private authority",      true,  "300000 bytes"],
    ["127.0.0.1", "no authority",             false, "self-signed certificate"],
    ["localhost", "another name's certificate", true, "Hostname/IP does not match"],
  ] as const;
  for (const [host, whose, trusted, expected] of table) {
    test(`${host} with ${whose}: ${expected}`, async () => {
      const trusting = httpTransport(trusted ? { ca: [certificate] } : {});
      const request = { method: "GET", headers: {}, reach: "loopback", bulk: true } as const;
      const asked = trusting({ ...request, url: new URL(`https://${host}:${port}/`) });
      const ended = asked.then(
        async ({ body }) => `${(await text(body)).length} bytes`,
        (error: Error) => error.message,
      );
      match(await ended, new RegExp(expected));
      trusting.close();
    });
  }
});
