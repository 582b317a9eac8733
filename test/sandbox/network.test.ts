import { equal, rejects, throws } from "node:assert/strict";
import { describe, test } from "vitest";
import { createInternet } from "../../src/sandbox/network.ts";
import { seedImage } from "../../src/sandbox/registry/image-builder.ts";
import { createRegistry, type RegistrySettings } from "../../src/sandbox/registry/registry.ts";
import { BLOB, basic, IMAGE, say, stoppedClock } from "../support/registries/registry-requests.ts";

const clock = stoppedClock();
const registry = (kind: RegistrySettings["kind"], host: string) => createRegistry({ kind, host, clock });
const ecr = (account: string) => `${account}.dkr.ecr.us-east-1.amazonaws.com`;

function world() {
  const hub = registry("docker-hub", "registry-1.docker.io");
  const ours = registry("ecr", ecr("111111111111"));
  const theirs = registry("ecr", ecr("222222222222"));
  seedImage(hub, "library/nginx", "1.25", IMAGE);
  seedImage(theirs, "base", "1", IMAGE);
  const internet = createInternet([hub, ours, theirs, registry("plain", "localhost:5000")]);
  return { hub, theirs, internet };
}

describe("which names lead where", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["https://registry-1.docker.io/v2/",                401],
    ["https://index.docker.io/v2/",                     401],
    ["https://auth.docker.io/token",                    200],
    [`https://${ecr("111111111111")}/v2/`,              401],
    ["https://localhost:5000/v2/",                      200],
    ["http://localhost:5000/v2/",                       200],
    ["http://registry-1.docker.io/v2/",                 "ECONNREFUSED"],
    ["https://registry-1.docker.io.evil.example/v2/",   "ENOTFOUND"],
    ["https://localhost:5001/v2/",                      "ENOTFOUND"],
    ["https://public.ecr.aws/v2/",                      "ENOTFOUND"],
    ["https://production.cloudflare.docker.com/other/", "ENOTFOUND"],
  ] as const;
  for (const [url, outcome] of table) {
    test(`${url} → ${outcome}`, async () => {
      const asked = say(world().internet.from("203.0.113.1"), `GET ${url}`, url);
      if (typeof outcome === "string") await rejects(asked, { code: outcome });
      else equal((await asked).status, outcome);
    });
  }
});

test("callers at one address share its pulls, others have their own", async () => {
  const { hub, internet } = world();
  const pull = async (address: string) => {
    const send = internet.from(address);
    const scope = "repository:library/nginx:pull";
    const { token } = JSON.parse(
      (await say(send, `GET /token?scope=${scope}`, "https://auth.docker.io")).text,
    );
    const headers = { authorization: `Bearer ${token}` };
    return (
      await say(send, "GET /v2/library/nginx/manifests/1.25", "https://registry-1.docker.io", { headers })
    ).status;
  };
  hub.spend({ address: "203.0.113.1" }, 99);
  equal(await pull("203.0.113.1"), 200);
  equal(await pull("203.0.113.1"), 429);
  equal(await pull("198.51.100.9"), 200);
});

test("two accounts of one region share a bucket, and each finds its own layers there", async () => {
  const { theirs, internet } = world();
  const send = internet.from("203.0.113.1");
  const headers = { authorization: basic("AWS", theirs.issuePassword().password) };
  const { headers: answered } = await say(send, `GET /v2/base/blobs/${BLOB}`, `https://${theirs.host}`, {
    headers,
  });
  equal((await say(send, `GET ${answered.location}`, "https://nowhere.example")).status, 200);
});

test("two registries for one host are a mistake in the world", () => {
  throws(
    () => createInternet([registry("plain", "a.example"), registry("plain", "a.example")]),
    /a\.example/,
  );
});
