/** crane and regctl, where they are installed, as clients of the sandbox's registry: copy, list, read, delete. */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ServedRegistry, serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry } from "../../../src/sandbox/registry/registry.ts";
import { stoppedClock } from "../../support/registries/registry-requests.ts";
import { differences } from "../../support/registries/sandbox-copy.ts";

const run = promisify(execFile);
const clock = stoppedClock();
const IMAGE = buildImage({
  name: "peers",
  platforms: ["linux/amd64", "linux/arm64"],
  layers: 3,
  bytes: 200_000,
});
const source = createRegistry({ kind: "plain", host: "source.example", clock });
const target = createRegistry({ kind: "plain", host: "target.example", clock });

type Client = {
  readonly copy: (from: string, to: string) => readonly string[];
  readonly list: (repository: string) => readonly string[];
  readonly digest: (image: string) => readonly string[];
  readonly remove: (image: string) => readonly string[];
};

const CLIENTS: Readonly<Record<string, Client>> = {
  crane: {
    copy: (from, to) => ["copy", from, to],
    list: (repository) => ["ls", repository],
    digest: (image) => ["digest", image],
    remove: (image) => ["delete", image],
  },
  regctl: {
    copy: (from, to) => ["image", "copy", from, to],
    list: (repository) => ["tag", "ls", repository],
    digest: (image) => ["image", "digest", image],
    remove: (image) => ["manifest", "delete", image],
  },
};

const { PATH } = process.env;
const isInstalled = async (client: string): Promise<boolean> =>
  run(client, ["version"], { env: { PATH, HOME: tmpdir() } }).then(
    () => true,
    () => false,
  );
const installed = new Map(
  await Promise.all(Object.keys(CLIENTS).map(async (name) => [name, await isInstalled(name)] as const)),
);

const served: ServedRegistry[] = [];
let home = "";
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "repull-"));
  seedImage(source, "acme/app", "v1", IMAGE);
  for (const registry of [source, target])
    served.push(await serveRegistry(registry, { address: "203.0.113.7" }));
});
afterAll(async () => {
  await Promise.all(served.map((server) => server.close()));
  await rm(home, { recursive: true, force: true });
});

for (const [name, client] of Object.entries(CLIENTS)) {
  describe(name, () => {
    beforeEach(({ skip }) => skip(installed.get(name) !== true, `${name} is not installed`));

    const hosts = () => served.map(({ host }) => host);
    const told = async (args: readonly string[]): Promise<string> => {
      const plain =
        name === "regctl" ? hosts().flatMap((host) => ["--host", `reg=${host},tls=disabled`]) : [];
      const { stdout } = await run(name, [...plain, ...args], { env: { PATH, HOME: home } });
      return stdout.trim();
    };

    test("copies an index, lists its tag, reads its digest and deletes it", async () => {
      const [from, to] = hosts();
      await told(client.copy(`${from}/acme/app:v1`, `${to}/${name}/app:v1`));
      expect(target.tags(`${name}/app`)).toEqual({ v1: IMAGE.digest });
      expect(differences({ source, target }, "acme/app", `${name}/app`, IMAGE.digest)).toEqual([]);
      expect(await told(client.list(`${to}/${name}/app`))).toBe("v1");
      expect(await told(client.digest(`${to}/${name}/app:v1`))).toBe(IMAGE.digest);
      await told(client.remove(`${to}/${name}/app@${IMAGE.digest}`));
      expect(target.manifest(`${name}/app`, IMAGE.digest)).toBeUndefined();
    });

    test("learns that there is no such image", async () => {
      const [from] = hosts();
      await expect(told(client.digest(`${from}/acme/app:v2`))).rejects.toThrow(
        /MANIFEST_UNKNOWN|not found|404/i,
      );
    });
  });
}
