/** Connections that are opened before there is a request: used by the first one, without harm where they fail. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from "vitest";
import { type HttpTransport, httpTransport } from "../../../src/oci/http/http-transport.ts";
import type { RegistryRequest } from "../../../src/oci/http/transport.ts";
import { type Certificate, makeCertificate } from "../../support/certificate.ts";

let folder: string;
let made: Certificate;
let server: http.Server | https.Server;
/** All that were opened, and those that are still open. */
let opened: Socket[];
let requests: number;
let send: HttpTransport;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-early-"));
  made = await makeCertificate(folder, "registry.example");
});
afterAll(() => rm(folder, { recursive: true }));

async function serve(scheme: Scheme): Promise<void> {
  const answer: http.RequestListener = (_, response) => {
    requests += 1;
    response.end("ok");
  };
  server =
    scheme === "https"
      ? https.createServer({ cert: made.certificate, key: made.key }, answer)
      : http.createServer(answer);
  server.on("connection", (socket: Socket) => {
    opened.push(socket);
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}

type Scheme = "http" | "https";
type Place = Pick<RegistryRequest, "url" | "reach">;

const placeAt = (scheme: Scheme, host = "127.0.0.1"): Place => ({
  url: new URL(`${scheme}://${host}:${(server.address() as AddressInfo).port}/`),
  reach: "loopback",
});
const get = async (place: Place, more: Partial<RegistryRequest> = {}): Promise<string> =>
  await text((await send({ method: "GET", headers: {}, ...place, ...more })).body);
const openCount = (): number => opened.filter(({ closed }) => !closed).length;
/** Until the server has seen a connection. */
const seen = async (count: number): Promise<void> => {
  while (opened.length < count) await once(server as Server, "connection");
};

beforeEach(() => {
  opened = [];
  requests = 0;
  send = httpTransport({ ca: [made.certificate] });
});
afterEach(async () => {
  send.close();
  server.closeAllConnections();
  server.close();
  if (server.listening) await once(server, "close");
});

for (const scheme of ["http", "https"] as const) {
  describe(`a connection by ${scheme} that is opened early`, () => {
    beforeEach(() => serve(scheme));

    test("is the first request's, and no other is opened", async () => {
      send.connect(placeAt(scheme));
      await seen(1);
      equal(await get(placeAt(scheme)), "ok");
      equal(await get(placeAt(scheme)), "ok");
      deepEqual([opened.length, requests], [1, 2]);
    });

    test("is the first request's before it is open, and a second one opens its own", async () => {
      send.connect(placeAt(scheme));
      deepEqual(await Promise.all([get(placeAt(scheme)), get(placeAt(scheme))]), ["ok", "ok"]);
      deepEqual([opened.length, requests], [2, 2]);
    });

    test("is one, however often it is asked for", async () => {
      send.connect(placeAt(scheme));
      send.connect(placeAt(scheme));
      equal(await get(placeAt(scheme)), "ok");
      equal(opened.length, 1);
    });

    test("sends no request, and ends with its transport", async () => {
      send.connect(placeAt(scheme));
      await seen(1);
      send.close();
      await once(opened[0] as Socket, "close");
      deepEqual([openCount(), requests], [0, 0]);
    });

    test("that its registry has ended is not used", async () => {
      send.connect(placeAt(scheme));
      await seen(1);
      const [first] = opened;
      first?.destroy();
      await once(first as Socket, "close");
      // Its other end is seen in the next rounds.
      for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
      equal(await get(placeAt(scheme)), "ok");
      equal(opened.length, 2);
    });

    test("is not lent to a request that may reach less far", async () => {
      send.connect(placeAt(scheme));
      await rejects(get({ ...placeAt(scheme), reach: "public" }), { code: "ERR_ADDRESS_NOT_ALLOWED" });
      equal(requests, 0);
    });

    test("is left alone by a request that wants one of its own", async () => {
      send.connect(placeAt(scheme));
      equal(await get(placeAt(scheme), { fresh: true }), "ok");
      await seen(2);
      equal(requests, 1);
    });

    test("is not opened where no request may go, nor past a proxy", async () => {
      send.connect({ ...placeAt(scheme), reach: "public" });
      send.close();
      const proxy = "http://127.0.0.1:9";
      const resolve: Parameters<typeof httpTransport>[0] = {
        proxyEnv: { HTTPS_PROXY: proxy, HTTP_PROXY: proxy },
        resolve: (_, __, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]),
      };
      send = httpTransport(resolve);
      send.connect(placeAt(scheme, "registry.example"));
      await new Promise((done) => setImmediate(done));
      send.close();
      send = httpTransport({ ca: [made.certificate] });
      equal(await get(placeAt(scheme)), "ok");
      equal(opened.length, 1);
    });

    test("that is refused is refused to its request as well", async () => {
      const place = placeAt(scheme);
      server.close();
      await once(server, "close");
      send.connect(place);
      await rejects(get(place), { code: "ECONNREFUSED" });
    });

    test("does not keep a request that is given up", async () => {
      send.connect(placeAt(scheme));
      const signal = AbortSignal.abort(new Error("enough"));
      await rejects(get(placeAt(scheme), { signal }), /enough/);
      const given = new AbortController();
      const asked = get(placeAt(scheme), { signal: given.signal });
      given.abort(new Error("enough"));
      await rejects(asked, /enough/);
      equal(await get(placeAt(scheme)), "ok");
    });
  });
}

describe("a registry whose certificate is not trusted", () => {
  beforeEach(() => serve("https"));
  for (const [how, early] of [
    ["connected early", true],
    ["connected by its request", false],
  ] as const)
    test(`gets no request, ${how}`, async () => {
      send.close();
      send = httpTransport();
      if (early) send.connect(placeAt("https"));
      await rejects(get(placeAt("https")), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
      equal(requests, 0);
    });

  test("gets none by the name of another", async () => {
    const resolve: Parameters<typeof httpTransport>[0] = {
      ca: [made.certificate],
      resolve: (_, __, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]),
    };
    send.close();
    send = httpTransport(resolve);
    const right = placeAt("https", "registry.example");
    send.connect(right);
    equal(await get(right), "ok");
    const wrong = placeAt("https", "other.example");
    send.connect(wrong);
    await rejects(get(wrong), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    equal(requests, 1);
  });
});
