/** What `repull check` asks of registries, and how often: Docker Hub and ECR Public over loopback, and the cache between runs. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check } from "../../../src/cli/check/check.ts";
import type { CheckInput } from "../../../src/cli/check/check-input.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { put, type Registries, startRegistries } from "../../outside/registries.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { refuse } from "../../support/registries/loopback-registry.ts";

let registries: Registries;
let folder = "";
beforeEach(async () => {
  registries = await startRegistries();
  folder = await mkdtemp(join(tmpdir(), "repull-check-"));
});
afterEach(async () => {
  await registries.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(dockerfile: string, input: Partial<CheckInput> = {}, env: Record<string, string> = {}) {
  await writeFile(join(folder, "Dockerfile"), dockerfile);
  const environment = {
    REPULL_REGISTRY_ENDPOINTS: registries.endpoints,
    XDG_CACHE_HOME: join(folder, ".cache"),
    ...env,
  };
  const io = commandIo({}, environment);
  const files = {
    ...io,
    readFile: (path: string) => readFile(path, "utf8").catch(() => undefined),
    writeFile: (path: string, text: string) => writeFile(path, text),
  };
  const defaults = {
    json: true,
    github: false,
    offline: false,
    fresh: false,
    anonymous: false,
    fix: false,
    diff: false,
  };
  const status = await check({ ...defaults, paths: [join(folder, "Dockerfile")], ...input }, files);
  const [finding = {}] = objectsIn(io.printed.out);
  return { status, finding, err: io.printed.err };
}

const pulls = () => registries.hub.count("GET", /\/manifests\//);
const heads = () => registries.hub.count("HEAD", /\/manifests\//);

describe("repull check", () => {
  it("proves a replacement by HEADs alone, and asks each image once, in one run and in the next", async () => {
    const { index } = put(registries.hub, "library/nginx", "one", "1");
    put(registries.ecrPublic, "docker/library/nginx", "one", "1");
    const file = "FROM nginx:1\nFROM docker.io/library/nginx:1\nCOPY --from=nginx:1 a b\n";
    const { finding, status } = await run(file);
    expect(finding).toMatchObject({
      fixable: true,
      replacement: { image: "public.ecr.aws/docker/library/nginx:1", digest: index, proof: "same-index" },
    });
    expect({ status, heads: heads(), pulls: pulls() }).toEqual({ status: EXIT.failed, heads: 1, pulls: 0 });
    expect((await run(file)).finding).toMatchObject({ fixable: true });
    expect(heads()).toBe(1);
    await run(file, { fresh: true });
    expect({ heads: heads(), pulls: pulls() }).toEqual({ heads: 2, pulls: 0 });
  });

  it("fixes the file by what it has asked, and finds nothing afterwards", async () => {
    const { index } = put(registries.hub, "library/nginx", "one", "1");
    put(registries.ecrPublic, "docker/library/nginx", "one", "1");
    expect((await run("FROM nginx:1\n", { fix: true })).status).toBe(EXIT.done);
    const written = await readFile(join(folder, "Dockerfile"), "utf8");
    expect(written).toBe(`FROM public.ecr.aws/docker/library/nginx:1@${index}\n`);
    expect((await run(written)).status).toBe(EXIT.done);
  });

  // biome-ignore format: a table is read by its columns
  const table: readonly [what: string, arrange: () => void, codes: readonly string[]][] = [
    ["other bytes are there",          () => { put(registries.hub, "library/nginx", "one", "1"); put(registries.ecrPublic, "docker/library/nginx", "two", "1"); }, ["other-content"]],
    ["it is not there",                () => { put(registries.hub, "library/nginx", "one", "1"); },                              ["absent"]],
    ["Docker Hub does not know it",    () => { put(registries.ecrPublic, "docker/library/nginx", "one", "1"); },                  ["origin-has-no-tag"]],
  ];
  for (const [what, arrange, codes] of table)
    it(`has no replacement where ${what}, and says so by a code`, async () => {
      arrange();
      const { finding } = await run("FROM nginx:1\n", { fix: true });
      expect(finding).toMatchObject({ fixable: false, codes: expect.arrayContaining([...codes]) });
      expect(finding).not.toHaveProperty("replacement");
      expect(await readFile(join(folder, "Dockerfile"), "utf8")).toBe("FROM nginx:1\n");
    });

  it("asks Docker Hub no more once it refuses, says so, and keeps none of it", async () => {
    registries.hub.mischief = (request, response) => {
      if (!/\/manifests\//.test(request.url ?? "")) return false;
      refuse(response, 429, "TOOMANYREQUESTS", "You have reached your pull rate limit.");
      return true;
    };
    const file = Array.from({ length: 30 }, (_, at) => `FROM acme/image-${at}:1\n`).join("");
    const { status, err } = await run(file);
    // Four are asked at once.
    expect(heads()).toBeLessThanOrEqual(4);
    expect({ status, isSaid: err.includes("limit is reached") }).toEqual({
      status: EXIT.failed,
      isSaid: true,
    });
    const before = heads();
    await run(file);
    expect(heads()).toBeGreaterThan(before);
  });

  it("does not ask a registry that is not in the policy's list", async () => {
    const host = registries.ecr.host;
    const policy = join(folder, "policy.json");
    await writeFile(
      policy,
      JSON.stringify({ imageMappings: [{ image: "acme/*", use: `${host}/copies/{name}` }] }),
    );
    const { finding } = await run("FROM acme/web:1\n", { policyFile: policy });
    expect(finding).toMatchObject({ fixable: false });
    expect(registries.ecr.seen).toEqual([]);
  });

  it("checks an image of another registry that the policy leads away from, and leaves out what its scope does", async () => {
    const policy = join(folder, "policy.json");
    const image = "quay.io/acme/*";
    await writeFile(
      policy,
      JSON.stringify({
        imageMappings: [{ image, use: "public.ecr.aws/acme/{name}" }],
        scope: { images: { exclude: ["acme/*"] } },
      }),
    );
    const { finding } = await run("FROM quay.io/acme/web:1\nFROM acme/own:1\n", {
      policyFile: policy,
      offline: true,
    });
    expect(finding).toMatchObject({
      image: "quay.io/acme/web:1",
      registry: "quay.io",
      likely: "public.ecr.aws/acme/web:1",
    });
  });

  it("shows the login of docker login to its registry, and none with --anonymous", async () => {
    put(registries.hub, "library/nginx", "one", "1");
    const login = Buffer.from("ada:secret").toString("base64");
    const config = { auths: { "https://index.docker.io/v1/": { auth: login } } };
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    registries.hub.mischief = (request, response) => {
      if (request.headers.authorization !== undefined || !/\/manifests\//.test(request.url ?? ""))
        return false;
      response.setHeader("www-authenticate", 'Basic realm="registry"');
      refuse(response, 401, "UNAUTHORIZED", "authentication required");
      return true;
    };
    const policy = join(folder, "policy.json");
    const endpoints = [
      { host: "docker.io", url: registries.hub.url, sendCredentials: true },
      { host: "public.ecr.aws", url: registries.ecrPublic.url, sendCredentials: true },
    ];
    await writeFile(policy, JSON.stringify({ registries: { endpoints } }));
    const shown = (of: Registries["hub"]) =>
      of.seen.some(({ headers }) => headers.authorization !== undefined);
    await run("FROM nginx:1\n", { anonymous: true, policyFile: policy }, { DOCKER_CONFIG: folder });
    expect(shown(registries.hub)).toBe(false);
    await run("FROM nginx:1\n", { policyFile: policy }, { DOCKER_CONFIG: folder });
    expect([shown(registries.hub), shown(registries.ecrPublic)]).toEqual([true, false]);
  });

  it("records what it has asked, and needs nothing else to fix another time", async () => {
    put(registries.hub, "library/nginx", "one", "1");
    put(registries.ecrPublic, "docker/library/nginx", "one", "1");
    const record = join(folder, "answers.jsonl");
    await run("FROM nginx:1\nFROM acme/own:1\n", { record });
    const [first, second] = objectsIn(await readFile(record, "utf8"));
    expect(first).toMatchObject({ image: "docker.io/library/nginx:1", replacement: { proof: "same-index" } });
    expect(second).toMatchObject({ image: "docker.io/acme/own:1", replacement: null });
    const asked = heads();
    expect((await run("FROM nginx:1\n", { assessments: record, fix: true })).status).toBe(EXIT.done);
    expect(heads()).toBe(asked);
  });
});
