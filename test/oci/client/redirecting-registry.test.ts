/** A registry whose blobs are elsewhere, as ECR's are: how many connections it gets, and what goes where they are. */

import { deepEqual, equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { type HttpTransport, httpTransport } from "../../../src/oci/http/http-transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";

const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const LOGIN = "Basic QVdTOmEtdG9rZW4=";
const BLOB = Buffer.alloc(100_000, "x");
const DIGEST = `sha256:${createHash("sha256").update(BLOB).digest("hex")}` as const;

let registry: Server;
let store: Server;
let connections: number;
let atRegistry: (string | undefined)[];
let atStore: (string | undefined)[];
let queries: (string | undefined)[];
let send: HttpTransport;

beforeEach(async () => {
  [connections, atRegistry, atStore, queries] = [0, [], [], []];
  store = createServer(({ headers, url }, response) => {
    atStore.push(headers.authorization);
    queries.push(url?.split("?")[1]);
    response.end(BLOB);
  });
  registry = createServer(({ headers, method, url }, response) => {
    atRegistry.push(headers.authorization);
    if (headers.authorization !== LOGIN)
      response.writeHead(401, { "www-authenticate": 'Basic realm="ecr"', "content-length": 0 }).end();
    else if (method === "GET" && url?.includes("/blobs/") === true) {
      const location = `http://localhost:${portOf(store)}/layer?X-Amz-Signature=abc%2F%3D&b=1`;
      response.writeHead(307, { location, "content-length": 0 }).end();
    } else response.writeHead(404, { "content-length": 0 }).end();
  });
  registry.on("connection", () => {
    connections += 1;
  });
  for (const server of [store, registry]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  send = httpTransport();
});
afterEach(async () => {
  send.close();
  for (const server of [store, registry]) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

test("is asked over one connection, and only the signed address leaves it, never the login", async () => {
  const endpoints = new Map([[HOST, { url: `http://127.0.0.1:${portOf(registry)}`, sendCredentials: true }]]);
  const credentials = async () => ({ kind: "basic", header: LOGIN }) as const;
  const registries = createRegistries({ send, clock: systemClock, endpoints, credentials });
  const source = registries.open(parseReference(`${HOST}/app:v1`), "pull");
  equal(await source.headManifest("v1"), undefined);
  // Its connection is free a round of the event loop after its answer.
  await new Promise((resolve) => setTimeout(resolve, 5));
  equal(await source.getManifest("v1", undefined, true), undefined);
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (let count = 0; count < 3; count++) {
    const answer = await source.openBlob(DIGEST, 0, undefined, true);
    if (answer === undefined) throw new Error("no blob");
    equal((await buffer(answer.body)).equals(BLOB), true);
  }
  equal(connections, 1);
  deepEqual(atRegistry, [undefined, LOGIN, LOGIN, LOGIN, LOGIN, LOGIN]);
  deepEqual(atStore, [undefined, undefined, undefined]);
  deepEqual(new Set(queries), new Set(["X-Amz-Signature=abc%2F%3D&b=1"]));
});
