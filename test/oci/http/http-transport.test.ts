import { deepEqual, equal, match, rejects } from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, test } from "vitest";
import type { Reach, Resolve } from "../../../src/oci/http/address-guard.ts";
import { type HttpTransport, httpTransport } from "../../../src/oci/http/http-transport.ts";
import { LoopbackRegistry } from "../../support/registries/loopback-registry.ts";

let server: LoopbackRegistry;
let send: HttpTransport;
beforeEach(async () => {
  server = await LoopbackRegistry.start();
  // With its length, so that the connection can be kept.
  server.mischief = (_, response) => {
    response.writeHead(404, { "content-length": 2 }).end("{}");
    return true;
  };
  send = httpTransport({ idleSeconds: 0.3 });
});
afterEach(async () => {
  send.close();
  await server.stop();
});

/** A short body by node:http, and a long one by connections of our own: the same in all that can be seen. */
describe.each([
  ["a short body", false],
  ["a long body", true],
])("%s", (_, bulk) => {
  const get = (url: string, loopback?: boolean, more: { send?: HttpTransport; reach?: Reach } = {}) =>
    (more.send ?? send)({
      method: "GET",
      url: new URL(url),
      headers: {},
      bulk,
      reach: more.reach ?? (loopback === true ? "loopback" : "private"),
    });

  describe("where a connection may end", () => {
    test("loopback only where a setting names it, whatever the name", async () => {
      const port = server.host.split(":")[1];
      await rejects(get(`http://127.0.0.1:${port}/`), /loopback address, which no setting names/);
      await rejects(get(`http://localhost:${port}/`), /loopback address, which no setting names/);
      await rejects(get(`http://[::ffff:127.0.0.1]:${port}/`), /loopback address, which no setting names/);
      equal(server.seen.length, 0, "no request went out");
      equal((await get(`http://localhost:${port}/`, true)).status, 404);
    });

    // biome-ignore format: one row a line
    const privateOnes = ["10.0.0.7", "172.31.0.1", "192.168.0.1", "100.64.0.1", "[fd12:3456::1]", "[::ffff:10.0.0.7]", "[64:ff9b::a00:7]", "[2002:a00:7::1]"];
    for (const host of privateOnes) {
      test(`${host} only where the policy names it`, async () => {
        await rejects(get(`http://${host}:8443/`, false, { reach: "public" }), /private network/);
      });
    }

    // biome-ignore format: one row a line
    const resolved: readonly (readonly [string, Reach, RegExp])[] = [
      ["127.0.0.1",         "public",   /loopback/],
      ["127.0.0.1",         "private",  /loopback/],
      ["::ffff:127.0.0.1",  "private",  /loopback/],
      ["10.0.0.7",          "public",   /private network/],
      ["::ffff:10.0.0.7",   "public",   /private network/],
      ["fd12:3456::1",      "public",   /private network/],
      ["169.254.169.254",   "loopback", /no registry has/],
      ["fe80::1",           "loopback", /no registry has/],
    ];
    for (const [address, reach, words] of resolved) {
      test(`a name that leads to ${address} is out of reach of ${reach}`, async () => {
        const rebound = httpTransport({ resolve: answering([address]) });
        const url = `http://registry.example:${server.host.split(":")[1]}/`;
        await rejects(get(url, false, { send: rebound, reach }), words);
        equal(server.seen.length, 0, "no request went out");
        rebound.close();
      });
    }

    test("the address that was judged is the one that is used, whatever the name leads to next", async () => {
      // 192.0.2.0/24 is for documentation: no host answers there.
      const rebound = httpTransport({ idleSeconds: 0.2, resolve: answering(["192.0.2.1"], ["127.0.0.1"]) });
      const url = `http://registry.example:${server.host.split(":")[1]}/`;
      await rejects(get(url, false, { send: rebound, reach: "public" }));
      await rejects(get(url, false, { send: rebound, reach: "public" }), /loopback/);
      equal(server.seen.length, 0, "no request went out");
      rebound.close();
    });

    test("of several addresses only those within reach are tried", async () => {
      const several = httpTransport({ resolve: answering(["10.0.0.7", "127.0.0.1"]) });
      const url = `http://registry.example:${server.host.split(":")[1]}/`;
      await rejects(get(url, false, { send: several, reach: "public" }), /private network/);
      several.close();
    });

    test("not at a port of this machine that is closed, whatever setting maps a registry there, by whatever name", async () => {
      const port = Number(server.host.split(":")[1]);
      const closed = httpTransport({ closedLoopbackPorts: [port] });
      for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1.2.3"]) {
        const asked = get(`http://${host}:${port}/`, true, { send: closed });
        await rejects(asked, { code: "ERR_ADDRESS_REFUSED" });
      }
      equal(server.seen.length, 0, "no request went out");
      closed.close();
    });

    test("a kept connection to loopback is not lent to who may not have it", async () => {
      const port = server.host.split(":")[1];
      await buffer((await get(`http://localhost:${port}/`, true)).body);
      await rejects(get(`http://localhost:${port}/`), /no setting names/);
    });

    // biome-ignore format: one row a line
    const table = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://0.0.0.0/",
    "http://2852039166/",
  ];
    for (const url of table) {
      test(`never at ${url}`, async () => {
        await rejects(get(url, true), /an address that no registry has/);
      });
    }
  });

  test("connections are kept and used again", async () => {
    for (let count = 0; count < 5; count++) await buffer((await get(`${server.url}/`, true)).body);
    equal(await server.connections(), 1);
  });

  test("headers without end are not read", async () => {
    server.mischief = (_, response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}`);
      return true;
    };
    await rejects(get(`${server.url}/`, true), /overflow/i);
  });

  test("repeated headers are joined, names are in lower case", async () => {
    server.mischief = (_, response) => {
      response
        .writeHead(
          200,
          [
            ["WWW-Authenticate", "Basic realm=a"],
            ["WWW-Authenticate", "Bearer realm=b"],
          ].flat(),
        )
        .end();
      return true;
    };
    const { headers, body } = await get(`${server.url}/`, true);
    await buffer(body);
    equal(headers["www-authenticate"], "Basic realm=a, Bearer realm=b");
  });

  test("an aborted request ends with the reason that was given", async () => {
    server.mischief = () => true;
    const stopping = new AbortController();
    const asked = send({
      method: "GET",
      url: new URL(server.url),
      headers: {},
      bulk,
      reach: "loopback",
      signal: stopping.signal,
    });
    stopping.abort(new Error("enough"));
    await rejects(asked, /enough/);
  });

  test("says in words that no host answers", async () => {
    const failure = await get("http://127.0.0.1:1/", true).catch((error: Error) => error.message);
    match(String(failure), /ECONNREFUSED/);
    deepEqual(await server.connections(), 0);
  });
});

describe("a proxy of the environment", () => {
  test.each([false, true])(
    "is asked for registries elsewhere, never for one on loopback (long: %s)",
    async (bulk) => {
      const asked: string[] = [];
      const proxy = http.createServer((request, response) => {
        asked.push(request.url ?? "");
        response.end("from the proxy");
      });
      const registry = http.createServer((_request, response) => response.end("from the registry"));
      const [at, there] = await Promise.all([listening(proxy), listening(registry)]);
      const proxied = httpTransport({ proxyEnv: { HTTP_PROXY: `http://127.0.0.1:${at}` } });
      const read = async (url: string, loopback: boolean): Promise<string> => {
        const answer = await proxied({
          method: "GET",
          url: new URL(url),
          headers: {},
          reach: loopback ? "loopback" : "private",
          bulk,
        });
        return await text(answer.body);
      };
      try {
        equal(await read(`http://127.0.0.1:${there}/v2/`, true), "from the registry");
        equal(await read("http://registry.example/v2/", false), "from the proxy");
        deepEqual(asked, ["http://registry.example/v2/"]);
      } finally {
        proxied.close();
        proxy.close();
        registry.close();
      }
    },
  );
});

function listening(server: http.Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** Resolves any name: to the first list, then to the next; the last one stays. */
function answering(...lists: readonly (readonly string[])[]): Resolve {
  let asked = 0;
  return (_hostname, _options, callback) => {
    const addresses = lists[Math.min(asked, lists.length - 1)] ?? [];
    asked += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
}
