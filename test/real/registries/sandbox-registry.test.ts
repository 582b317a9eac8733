/** skopeo keeps the sandbox's registries honest: it pushes, pulls, lists and deletes as it does anywhere. */

import { deepEqual, equal, match } from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { digestOf } from "../../../src/image/digest.ts";
import { type ServedRegistry, serveRegistry } from "../../../src/sandbox/registry/http-server.ts";
import { type BuiltImage, buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createRegistry, type SandboxRegistry } from "../../../src/sandbox/registry/registry.ts";
import { stoppedClock } from "../../support/registries/registry-requests.ts";
import { skopeo } from "../../support/registries/skopeo.ts";

const clock = stoppedClock();
const accounts = [{ user: "acme", password: "right" }];
const ADDRESS = "203.0.113.7";

const registries = {
  plain: createRegistry({ kind: "plain", host: "plain.example", clock }),
  basic: createRegistry({
    kind: "plain",
    host: "basic.example",
    clock,
    accounts,
    behaviour: { signIn: "basic" },
  }),
  token: createRegistry({
    kind: "plain",
    host: "token.example",
    clock,
    accounts,
    behaviour: { signIn: "token" },
  }),
  hub: createRegistry({ kind: "docker-hub", host: "registry-1.docker.io", clock, accounts }),
  ecr: createRegistry({ kind: "ecr", host: "123456789012.dkr.ecr.us-east-1.amazonaws.com", clock }),
  public: createRegistry({ kind: "ecr-public", host: "public.ecr.aws", clock }),
} satisfies Record<string, SandboxRegistry>;
type Name = keyof typeof registries;

const credentials: Readonly<Partial<Record<Name, string>>> = {
  basic: "acme:right",
  token: "acme:right",
  hub: "acme:right",
  ecr: `AWS:${registries.ecr.issuePassword().password}`,
};

// biome-ignore format: a table is read by its columns
const images: Readonly<Record<string, BuiltImage>> = {
  "an OCI index with attestations": buildImage({ name: "a", platforms: ["linux/amd64", "linux/arm64"], attestations: true, layers: 3, sharedLayers: 1, bytes: 300_000 }),
  "a docker list":                  buildImage({ name: "b", platforms: ["linux/amd64", "linux/arm/v7"], format: "docker" }),
  "an OCI manifest":                buildImage({ name: "c" }),
  "a docker manifest":              buildImage({ name: "d", format: "docker" }),
};

const served = new Map<Name, ServedRegistry>();
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-"));
  for (const [name, registry] of Object.entries(registries) as [Name, SandboxRegistry][]) {
    served.set(name, await serveRegistry(registry, { address: ADDRESS }));
  }
});
afterAll(async () => {
  await Promise.all([...served.values()].map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

const at = (name: Name, image: string) => `docker://${served.get(name)?.host}/${image}`;
const from = (name: Name) => ["--src-tls-verify=false", ...signedIn("--src-creds", name)];
const to = (name: Name) => ["--dest-tls-verify=false", ...signedIn("--dest-creds", name)];
const using = (name: Name) => ["--tls-verify=false", ...signedIn("--creds", name)];
const signedIn = (option: string, name: Name) =>
  credentials[name] === undefined ? [] : [option, credentials[name]];

describe("in by skopeo, out by skopeo: the same bytes", () => {
  let number = 0;
  for (const name of ["plain", "basic", "token", "hub", "ecr"] as const) {
    for (const [what, image] of Object.entries(images)) {
      test(`${what}, ${name}`, async () => {
        number += 1;
        const path = `acme/image-${number}`;
        const out = join(folder, String(number));
        seedImage(registries.plain, "given", `v${number}`, image);
        registries[name].createRepository(path);

        const pushed = await skopeo(
          "copy",
          "--all",
          ...from("plain"),
          ...to(name),
          at("plain", `given:v${number}`),
          at(name, `${path}:v1`),
        );
        deepEqual([pushed.status, pushed.status === 0 ? "" : pushed.complaint], [0, ""]);
        equal(registries[name].manifest(path, "v1")?.digest, image.digest);
        for (const { digest, bytes } of image.manifests)
          deepEqual(Buffer.from(registries[name].manifest(path, digest)?.bytes ?? []), Buffer.from(bytes));

        const pulled = await skopeo("copy", "--all", ...from(name), at(name, `${path}:v1`), `dir:${out}`);
        deepEqual([pulled.status, pulled.status === 0 ? "" : pulled.complaint], [0, ""]);
        equal(digestOf(await readFile(join(out, "manifest.json"))), image.digest);
        for (const [digest, bytes] of image.blobs)
          deepEqual(await readFile(join(out, digest.slice("sha256:".length))), Buffer.from(bytes));

        const raw = await skopeo("inspect", "--raw", ...using(name), at(name, `${path}@${image.digest}`));
        equal(digestOf(raw.output), image.digest);
        const listed = await skopeo("list-tags", ...using(name), at(name, path));
        deepEqual(JSON.parse(listed.output).Tags, ["v1"]);
        equal(registries[name].openUploads(), 0);
      });
    }
  }
});

test("an anonymous client pulls from Docker Hub and ECR Public with the token that their challenge leads to", async () => {
  const [image] = Object.values(images);
  if (image === undefined) throw new Error("no image");
  for (const [name, path] of [
    ["hub", "library/nginx"],
    ["public", "docker/library/nginx"],
  ] as const) {
    seedImage(registries[name], path, "1.25", image);
    const left = registries[name].pullsLeft({ address: ADDRESS });
    const out = join(folder, name);
    const pulled = await skopeo(
      "copy",
      "--all",
      "--src-tls-verify=false",
      at(name, `${path}:1.25`),
      `dir:${out}`,
    );
    deepEqual([pulled.status, pulled.status === 0 ? "" : pulled.complaint], [0, ""]);
    equal(digestOf(await readFile(join(out, "manifest.json"))), image.digest);
    // The index and each of its four children.
    if (left !== undefined) equal(registries[name].pullsLeft({ address: ADDRESS }), left - 5);
  }
});

describe("deleting", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["plain", 0, /^$/],
    ["token", 0, /^$/],
    ["hub",   1, /unsupported|405|denied|access to the resource/i],
  ] as const;
  for (const [name, status, complaint] of table) {
    test(`${name}: ${status === 0 ? "gone" : "refused"}`, async () => {
      const image = buildImage({ name: `deleted from ${name}` });
      seedImage(registries[name], "acme/deleted", "1", image);
      const ended = await skopeo("delete", ...using(name), at(name, "acme/deleted:1"));
      equal(ended.status, status, ended.complaint);
      match(ended.complaint, complaint);
      equal(registries[name].manifest("acme/deleted", "1") === undefined, status === 0);
    });
  }
});

describe("what skopeo is refused", () => {
  const image = buildImage({ name: "refused" });
  seedImage(registries.plain, "refused", "1", image);
  const push = (name: Name, target: string, ...options: string[]) =>
    skopeo(
      "copy",
      ...from("plain"),
      ...(options.length > 0 ? options : to(name)),
      at("plain", "refused:1"),
      at(name, target),
    );

  test("a push without a password", async () => {
    const ended = await push("basic", "acme/app:1", "--dest-tls-verify=false");
    equal(ended.status, 1);
    match(ended.complaint, /unauthorized|authentication required|401/i);
    equal(registries.basic.manifest("acme/app", "1"), undefined);
  });

  test("ECR: a repository that was not created; the connection just ends", async () => {
    const ended = await push("ecr", "acme/absent:1");
    equal(ended.status, 1);
    match(ended.complaint, /EOF|reset/);
    equal(registries.ecr.repositories().includes("acme/absent"), false);
  });

  test("ECR: an immutable tag, the same digest again", async () => {
    registries.ecr.createRepository("acme/immutable", { immutableTags: true });
    equal((await push("ecr", "acme/immutable:1")).status, 0);
    const again = await push("ecr", "acme/immutable:1");
    equal(again.status, 1);
    match(
      again.complaint,
      /The image tag '1' already exists in the 'acme\/immutable' repository and cannot be overwritten because the tag is immutable/,
    );
  });

  test("Docker Hub: a pull when nothing is left, in the words that ECS reports", async () => {
    seedImage(registries.hub, "library/redis", "7", image);
    registries.hub.spend({ address: ADDRESS }, registries.hub.pullsLeft({ address: ADDRESS }) ?? 0);
    const anonymous = await skopeo("inspect", "--tls-verify=false", at("hub", "library/redis:7"));
    equal(anonymous.status, 1);
    match(
      anonymous.complaint,
      /toomanyrequests: You have reached your unauthenticated pull rate limit\. https:\/\/www\.docker\.com\/increase-rate-limit/,
    );
    const account = await skopeo("inspect", ...using("hub"), at("hub", "library/redis:7"));
    deepEqual([account.status, JSON.parse(account.output).Digest], [0, image.digest]);
  });
});
