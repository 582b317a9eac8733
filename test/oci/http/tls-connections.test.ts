/** Connections over TLS: how many a place gets, and which of them spare the whole handshake. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from "vitest";
import { type HttpTransport, httpTransport } from "../../../src/oci/http/http-transport.ts";
import type { RegistryRequest } from "../../../src/oci/http/transport.ts";
import { type Clock, systemClock, type Timer } from "../../../src/runtime/clock.ts";
import { type Certificate, makeCertificate } from "../../support/certificate.ts";

let folder: string;
let made: Certificate;
let server: https.Server;
let send: HttpTransport;
/** For each connection that was opened: whether its session was one that the server knew. */
let reused: boolean[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-tls-"));
  made = await makeCertificate(folder);
});
afterAll(() => rm(folder, { recursive: true }));

async function serve(options: https.ServerOptions = {}): Promise<void> {
  server = https.createServer({ cert: made.certificate, key: made.key, ...options }, (request, response) =>
    answer(request, response),
  );
  server.on("tlsClientError", () => {});
  server.on("secureConnection", (socket: TLSSocket) => reused.push(socket.isSessionReused()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}

beforeEach(() => {
  reused = [];
  answer = (_, response) => response.end("ok");
  send = httpTransport({ ca: [made.certificate] });
});
afterEach(async () => {
  send.close();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

const get = async (more: Partial<RegistryRequest> = {}, by: HttpTransport = send): Promise<string> => {
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const { body } = await by({ method: "GET", url, headers: {}, reach: "loopback", ...more });
  return await text(body);
};

describe.each(["TLSv1.2", "TLSv1.3"] as const)("a session of %s", (version) => {
  beforeEach(async () => {
    await serve({ minVersion: version, maxVersion: version });
    answer = (_, response) => response.setHeader("connection", "close").end("ok");
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Partial<RegistryRequest>, Partial<RegistryRequest>])[] = [
    ["a short body after a short body", {},             {}],
    ["a long body after a long body",   { bulk: true }, { bulk: true }],
    ["a long body after a short body",  {},             { bulk: true }],
    ["a short body after a long body",  { bulk: true }, {}],
    ["a second try after a first one",  {},             { fresh: true }],
  ];
  for (const [name, first, second] of table) {
    test(`is resumed for ${name}`, async () => {
      deepEqual([await get(first), await get(second)], ["ok", "ok"]);
      deepEqual(reused, [false, true]);
    });
  }

  test("that the server has forgotten costs a whole handshake, and no answer", async () => {
    await get();
    server.setTicketKeys(randomBytes(48));
    deepEqual([await get(), await get({ bulk: true })], ["ok", "ok"]);
    deepEqual(reused, [false, false, true]);
  });

  test("is not resumed by a request that may reach less far", async () => {
    await get();
    // By its name the server is at a loopback address: the connection itself is refused.
    await rejects(get({ reach: "public" }), /loopback/);
    deepEqual(reused, [false]);
  });

  test("does not vouch for a server to those who do not trust its authority", async () => {
    await get();
    const strict = httpTransport();
    await rejects(get({}, strict), /self-signed/);
    await rejects(get({ bulk: true }, strict), /self-signed/);
    strict.close();
  });
});

describe("two connections for long bodies", () => {
  const opened = async (count: number): Promise<void> => {
    while (reused.length < count) await once(server, "secureConnection");
  };

  test("are opened together with that of a request that they follow, and used by them", async () => {
    await serve();
    equal(await get({ bulkFollows: true }), "ok");
    await opened(3);
    deepEqual(await Promise.all([get({ bulk: true }), get({ bulk: true })]), ["ok", "ok"]);
    equal(reused.length, 3);
  });

  test("are there after such a request where one was free", async () => {
    await serve();
    await get({ bulk: true });
    await get({ bulkFollows: true });
    await opened(3);
    await get({ bulkFollows: true });
    deepEqual(await Promise.all([get({ bulk: true }), get({ bulk: true })]), ["ok", "ok"]);
    equal(reused.length, 3);
  });

  test("that are closed at once cost neither that request nor the next one", async () => {
    await serve();
    server.on("secureConnection", (socket: TLSSocket) => {
      if (reused.length === 2 || reused.length === 3) socket.destroy();
    });
    equal(await get({ bulkFollows: true }), "ok");
    await opened(3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    equal(await get({ bulk: true }), "ok");
  });
});

describe("many requests at once", () => {
  /** Time as the test says: `at` is now, and what waits is run by hand. */
  let at: number;
  let later: (() => void)[];
  const time: Clock & Timer = {
    now: () => at,
    sleep: systemClock.sleep,
    after: (ms, run) => {
      if (ms < 100) later.push(run);
      return () => {};
    },
  };
  beforeEach(async () => {
    at = 0;
    later = [];
    send.close();
    send = httpTransport({ ca: [made.certificate], clock: time, timer: time });
    await serve();
  });
  const sixteen = (more: Partial<RegistryRequest> = {}, by = send): Promise<readonly string[]> =>
    Promise.all(Array.from({ length: 16 }, () => get(more, by)));

  // biome-ignore format: a table is read by its columns
  const uses = [["short bodies", {}], ["long bodies", { bulk: true }]] as const;
  for (const [name, use] of uses) {
    test(`share two connections to a registry that answers at once: ${name}`, async () => {
      await get(use);
      deepEqual(await sixteen(use), Array(16).fill("ok"));
      equal(reused.length, 2);
    });

    test(`have a connection each where answers take long: ${name}`, async () => {
      answer = (_, response) => {
        at += 20;
        response.end("ok");
      };
      await get();
      const asked: ServerResponse[] = [];
      const { promise: all, resolve } = Promise.withResolvers<void>();
      answer = (_, response) => {
        if (asked.push(response) === 16) resolve();
      };
      const answers = sixteen(use);
      await all;
      for (const response of asked) response.end("ok");
      deepEqual(await answers, Array(16).fill("ok"));
    });
  }

  test("get one connection more each time they have waited, and one each where nothing comes", async () => {
    await get();
    const asked: ServerResponse[] = [];
    let expected = { count: 2, seen: Promise.withResolvers<void>() };
    answer = (_, response) => {
      if (asked.push(response) === expected.count) expected.seen.resolve();
    };
    const wait = async (count: number): Promise<void> => {
      if (asked.length < count) {
        expected = { count, seen: Promise.withResolvers<void>() };
        await expected.seen.promise;
      }
      equal(asked.length, count);
    };
    const answers = sixteen();
    await wait(2);
    for (const count of [3, 4, 5, 16]) {
      for (const run of later.splice(0)) run();
      await wait(count);
    }
    for (const response of asked) response.end("ok");
    deepEqual(await answers, Array(16).fill("ok"));
    equal(reused.length, 16);
  });

  test("that are stopped while they wait let others go first", async () => {
    await get();
    const held: ServerResponse[] = [];
    const { promise: two, resolve } = Promise.withResolvers<void>();
    answer = (_, response) => {
      if (held.push(response) === 2) resolve();
    };
    const first = [get(), get()];
    await two;
    const stopping = new AbortController();
    const stopped = Array.from({ length: 5 }, () => get({ signal: stopping.signal }));
    const ended = Promise.allSettled(stopped);
    const last = get();
    stopping.abort(new Error("enough"));
    answer = (_, response) => response.end("later");
    for (const response of held) response.end("ok");
    deepEqual(await Promise.all(first), ["ok", "ok"]);
    equal(await last, "later");
    for (const end of await ended) ok(end.status === "rejected" && /enough/.test(String(end.reason)));
  });
});
