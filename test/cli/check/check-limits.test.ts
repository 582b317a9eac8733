/** What bounds a run of `repull check`: how much it asks of Docker Hub, and what the cache keeps of a run, whole or cut off. */

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check } from "../../../src/cli/check/check.ts";
import type { CheckInput } from "../../../src/cli/check/check-input.ts";
import { EXIT } from "../../../src/cli/exit-status.ts";
import { put, type Registries, startRegistries } from "../../outside/registries.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";

const HOUR_MS = 3_600_000;

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

async function run(dockerfile: string, input: Partial<CheckInput> = {}, signal?: AbortSignal) {
  await writeFile(join(folder, "Dockerfile"), dockerfile);
  const environment = {
    REPULL_REGISTRY_ENDPOINTS: registries.endpoints,
    XDG_CACHE_HOME: join(folder, ".cache"),
  };
  const io = commandIo({}, environment);
  const files = {
    ...io,
    ...(signal === undefined ? {} : { signal }),
    readFile: (path: string) => readFile(path, "utf8").catch(() => undefined),
  };
  const flags = { github: false, offline: false, fresh: false, anonymous: false, fix: false, diff: false };
  const defaults = { ...flags, json: true, paths: [join(folder, "Dockerfile")] };
  const status = await check({ ...defaults, ...input }, files);
  return { status, ...io.printed };
}

const heads = () => registries.hub.count("HEAD", /\/manifests\//);
const findingsIn = (out: string) => objectsIn(out).filter(({ type }) => type === "check-finding");
const from = (images: readonly string[]): string => images.map((image) => `FROM ${image}\n`).join("");
const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `acme/image-${at}:1`);

/** The one file of the cache. */
async function cacheFile(): Promise<string> {
  const [name = ""] = await readdir(join(folder, ".cache", "repull"));
  return join(folder, ".cache", "repull", name);
}

/** As if the earlier run had been so much before. */
async function makeOlder(ms: number): Promise<void> {
  const path = await cacheFile();
  const askedAt = new Date(Date.now() - ms).toISOString();
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(/"askedAt":"[^"]*"/g, `"askedAt":"${askedAt}"`));
}

describe("a run over more than a thousand images", () => {
  it("asks Docker Hub a thousand times, says that there are more, and asks about those the next time", async () => {
    const file = from(names(1003));
    const first = await run(file);
    expect(heads()).toBe(1000);
    const notAsked = findingsIn(first.out).filter(({ codes }) => (codes as string[]).includes("not-asked"));
    expect({
      status: first.status,
      findings: findingsIn(first.out).length,
      notAsked: notAsked.length,
      isSaid: first.err.includes("thousand"),
    }).toEqual({ status: EXIT.failed, findings: 1003, notAsked: 3, isSaid: true });
    const second = await run(file);
    expect({ heads: heads(), err: second.err }).toEqual({ heads: 1003, err: "" });
  }, 120_000);
});

describe("an answer of the cache", () => {
  beforeEach(() => {
    put(registries.hub, "library/nginx", "one", "1");
    put(registries.ecrPublic, "docker/library/nginx", "one", "1");
  });

  // biome-ignore format: a table is read by its columns
  const ages: readonly [age: string, ms: number, says: string | undefined, heads: number][] = [
    ["some seconds",           5_000,              undefined,            1],
    ["half an hour",           HOUR_MS / 2,        "asked 30 minutes ago", 1],
    ["two hours",              2 * HOUR_MS,        "asked 2 hours ago",  1],
    ["more than six hours",    6 * HOUR_MS + 1000, undefined,            2],
    ["a time that is to come", -HOUR_MS,           undefined,            2],
  ];
  for (const [age, ms, says, asked] of ages)
    it(`of ${age} ${says === undefined ? "says no age" : "says its age"}, and ${asked === 1 ? "is used" : "is asked again"}`, async () => {
      await run(from(["nginx:1"]));
      await makeOlder(ms);
      const { out } = await run(from(["nginx:1"]), { json: false });
      expect({ age: /asked \d+ \w+ ago/.exec(out)?.[0], heads: heads() }).toEqual({
        age: says,
        heads: asked,
      });
      expect(out).toContain("same-index");
    });

  it("has its time in JSON too", async () => {
    await run(from(["nginx:1"]));
    await makeOlder(HOUR_MS);
    const [finding] = findingsIn((await run(from(["nginx:1"]))).out);
    expect(Date.now() - Date.parse(String(finding?.askedAt))).toBeGreaterThanOrEqual(HOUR_MS);
  });

  it("is asked again with --fresh, and its new time is kept", async () => {
    await run(from(["nginx:1"]));
    await makeOlder(2 * HOUR_MS);
    expect((await run(from(["nginx:1"]), { json: false, fresh: true })).out).not.toContain(" ago");
    expect((await run(from(["nginx:1"]), { json: false })).out).not.toContain(" ago");
    expect(heads()).toBe(2);
  });

  it("of another image stays when --fresh asks about one", async () => {
    await run(from(["nginx:1", "acme/own:1"]));
    await run(from(["nginx:1"]), { fresh: true });
    const before = heads();
    await run(from(["nginx:1", "acme/own:1"]));
    expect(heads()).toBe(before);
  });

  // biome-ignore format: a table is read by its columns
  const corrupt: readonly [what: string, of: (text: string) => string | Uint8Array][] = [
    ["an empty file",              () => ""],
    ["words that are not JSON",    () => "not JSON\n"],
    ["half of its last line",      (text) => text.slice(0, -40)],
    ["bytes that are not UTF-8",   () => Buffer.from([0xff, 0xfe, 0, 0x80])],
    ["a digest that is not one",   (text) => text.replace(/sha256:[0-9a-f]+/g, "sha256:x")],
  ];
  for (const [what, of] of corrupt)
    it(`does not count where the cache has ${what}: it is asked again, and kept whole`, async () => {
      await run(from(["nginx:1"]));
      const path = await cacheFile();
      await writeFile(path, of(await readFile(path, "utf8")));
      const ran = await run(from(["nginx:1"]));
      expect(findingsIn(ran.out)[0]).toMatchObject({ fixable: true });
      expect({ heads: heads(), err: ran.err }).toEqual({ heads: 2, err: "" });
      await run(from(["nginx:1"]));
      expect(heads()).toBe(2);
    });
});

describe("a run that is cut off", () => {
  it("keeps what it has asked by then, and the answers of earlier runs", async () => {
    await run(from(["acme/earlier:1"]));
    const stop = new AbortController();
    const answer = registries.hub.mischief;
    registries.hub.mischief = (request, response) => {
      if (heads() >= 20) stop.abort(new Error("stopped"));
      return answer(request, response, registries.hub);
    };
    const all = ["acme/earlier:1", ...names(60)];
    await expect(run(from(all), {}, stop.signal)).rejects.toThrow("stopped");
    registries.hub.mischief = answer;
    const before = heads();
    expect(before).toBeLessThan(30);
    await run(from(all));
    // What was under way when it was cut off may be asked once more, four at most.
    expect(heads()).toBeLessThanOrEqual(61 + 4);
    expect(heads()).toBeGreaterThan(before);
    expect(registries.hub.count("HEAD", /earlier\/manifests\//)).toBe(1);
  });
});
