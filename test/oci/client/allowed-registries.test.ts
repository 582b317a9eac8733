/** Which registries are asked, and which addresses are reached, over real sockets. */

import { deepEqual, equal, match } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import { parseReference } from "../../../src/image/reference.ts";
import { basicCredentials } from "../../../src/oci/auth/credentials.ts";
import { createRegistries } from "../../../src/oci/client/registries.ts";
import { RegistryError } from "../../../src/oci/client/registry-error.ts";
import { type HttpTransport, httpTransport } from "../../../src/oci/http/http-transport.ts";
import type { Endpoints } from "../../../src/oci/http/registry-address.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { LoopbackRegistry } from "../../support/registries/loopback-registry.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const HEAD = { "docker-content-digest": DIGEST, "content-type": "application/vnd.oci.image.index.v1+json" };

let [registry, other]: LoopbackRegistry[] = [];
let send: HttpTransport;
beforeEach(async () => {
  [registry, other] = await Promise.all([LoopbackRegistry.start(), LoopbackRegistry.start()]);
  send = httpTransport();
});
afterEach(async () => {
  send.close();
  await Promise.all([registry?.stop(), other?.stop()]);
});

type World = {
  readonly allowed: readonly string[];
  readonly mayReachPrivate?: boolean;
  readonly endpoints?: Endpoints;
  readonly login?: string;
};

/** The kind of the refusal, or the digest. */
async function asked(
  image: string,
  { allowed, mayReachPrivate = false, endpoints, login }: World,
): Promise<string> {
  const registries = createRegistries({
    send,
    clock: { ...systemClock, sleep: async () => {} },
    rules: { allowed, mayReachPrivate },
    ...(endpoints === undefined ? {} : { endpoints }),
    credentials: async (host) => (host === login ? basicCredentials("acme", "HUB-TOKEN") : undefined),
  });
  try {
    return (await registries.headManifest(parseReference(image)))?.digest ?? "absent";
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.kind === "not-allowed") match(error.message, /registries\.allowed/);
    return error.kind;
  }
}

const answers = (it: LoopbackRegistry | undefined): void => {
  if (it === undefined) return;
  it.mischief = (_request, response) => {
    response.writeHead(200, HEAD).end();
    return true;
  };
};

describe("a registry that a task definition names", () => {
  test("on loopback is not asked", async () => {
    equal(await asked(`${registry?.host}/x/y:1`, { allowed: ["well-known"] }), "not-allowed");
    equal(
      await asked(`localhost:${registry?.host.split(":")[1]}/x/y:1`, { allowed: ["well-known"] }),
      "not-allowed",
    );
    deepEqual(registry?.seen, []);
  });

  test("is asked where the list has it", async () => {
    answers(registry);
    equal(await asked(`${registry?.host}/x/y:1`, { allowed: [registry?.host ?? ""] }), DIGEST);
  });

  test("in a private network is not reached because a pattern fits", async () => {
    const world = { allowed: ["*.0.0.7:8443"], mayReachPrivate: false };
    equal(await asked("10.0.0.7:8443/x/y:1", world), "not-allowed");
  });

  for (const how of ["a redirect", "a token realm"] as const) {
    test(`leads nowhere that the list does not name by ${how}`, async () => {
      if (registry === undefined || other === undefined) return;
      answers(other);
      registry.mischief = (request, response) => {
        const location = `${other?.url}${request.url}`;
        if (how === "a redirect") response.writeHead(307, { location }).end();
        else response.writeHead(401, { "www-authenticate": `Bearer realm="${other?.url}/token"` }).end();
        return true;
      };
      equal(await asked(`${registry.host}/x/y:1`, { allowed: [registry.host] }), "not-allowed");
      deepEqual(other.seen, []);
      if (how === "a redirect") {
        equal(await asked(`${registry.host}/x/y:1`, { allowed: [registry.host, other.host] }), DIGEST);
      }
    });
  }

  test("leads to no other port of a host that the list names without one", async () => {
    if (registry === undefined || other === undefined) return;
    answers(other);
    const [, port] = other.host.split(":");
    registry.mischief = (request, response) => {
      response.writeHead(307, { location: `http://localhost:${port}${request.url}` }).end();
      return true;
    };
    const image = `${registry.host}/x/y:1`;
    equal(await asked(image, { allowed: [registry.host, "localhost"] }), "not-allowed");
    deepEqual(other.seen, []);
    equal(await asked(image, { allowed: [registry.host, `localhost:${port}`] }), DIGEST);
  });
});

describe("an endpoint that is used instead of a registry", () => {
  const wantsLogin = (it: LoopbackRegistry | undefined): void => {
    if (it === undefined) return;
    it.mischief = (request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { "www-authenticate": 'Basic realm="mirror"' }).end();
      else response.writeHead(200, HEAD).end();
      return true;
    };
  };
  // biome-ignore format: a table is read by its columns
  const table = [
    ["an address of the environment",         false,     false, "unauthorized"],
    ["a row that does not say",               true,  undefined, "unauthorized"],
    ["a row that says no",                    true,      false, "unauthorized"],
    ["a row with sendCredentials",            true,       true, DIGEST],
  ] as const;
  for (const [what, isRow, sendCredentials, answer] of table) {
    test(`${what} is ${answer === DIGEST ? "" : "not "}shown the registry's login`, async () => {
      wantsLogin(registry);
      const url = registry?.url ?? "";
      const row = { url, ...(sendCredentials === undefined ? {} : { sendCredentials }) };
      const endpoints: Endpoints = new Map([["docker.io", isRow ? row : url]]);
      equal(await asked("nginx:1.27", { allowed: ["well-known"], endpoints, login: "docker.io" }), answer);
      const shown = registry?.seen.filter(({ headers }) => headers.authorization !== undefined) ?? [];
      equal(shown.length > 0, answer === DIGEST);
    });
  }

  test("is shown its own login", async () => {
    wantsLogin(registry);
    const endpoints: Endpoints = new Map([["docker.io", registry?.url ?? ""]]);
    const login = registry?.host ?? "";
    equal(await asked("nginx:1.27", { allowed: ["well-known"], endpoints, login }), DIGEST);
  });

  test("is asked though the list does not have its host", async () => {
    answers(registry);
    const endpoints: Endpoints = new Map([["registry.corp.example", registry?.url ?? ""]]);
    equal(await asked("registry.corp.example/x/y:1", { allowed: ["well-known"], endpoints }), DIGEST);
  });
});
