/** What the exit status of `repull mirror` means to a script. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import { mirror } from "../../../src/cli/commands/mirror.ts";
import type { Timer } from "../../../src/runtime/clock.ts";
import { commandIo } from "../../support/command-io.ts";
import { FastClock } from "../../support/fast-clock.ts";
import { SteppedClock } from "../../support/registries/hostile-registry.ts";
import { LoopbackRegistry, type Mischief, refuse } from "../../support/registries/loopback-registry.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

let source: LoopbackRegistry;
let target: LoopbackRegistry;
beforeEach(async () => {
  [source, target] = await Promise.all([LoopbackRegistry.start(), LoopbackRegistry.start()]);
  addImage(source, "team/app", "v1", "a layer");
});
afterEach(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

function addImage(registry: LoopbackRegistry, repository: string, tag: string, content: string): void {
  const blob = (kind: string, text: string) => ({
    mediaType: `application/vnd.oci.image.${kind}`,
    ...registry.addBlob(repository, Buffer.from(text)),
  });
  const layer = blob("layer.v1.tar+gzip", content);
  const config = blob("config.v1+json", "{}");
  const document = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] };
  registry.addManifest(repository, document, MANIFEST, tag);
}

const always =
  (status: number, code: string, headers = {}): Mischief =>
  (_, response) => {
    refuse(response, status, code, "no", headers);
    return true;
  };

async function copy(
  more: {
    readonly concurrency?: string;
    readonly timeout?: string;
    readonly alsoTag?: readonly string[];
  } = {},
  timer?: Timer,
): Promise<{ status: number; kind: unknown }> {
  const io = commandIo();
  const input = { source: `${source.host}/team/app:v1`, target: `${target.host}/copy/app:v1`, platforms: [] };
  const clock = new FastClock();
  const status = await mirror(
    { ...input, ...more, allPlatforms: false, referrers: false, json: true },
    io,
    clock,
    timer,
  );
  if (io.printed.out === "") return { status, kind: io.printed.err.trim() };
  const { kind, outcome, code } = JSON.parse(io.printed.out);
  if (code === "invalid-input") return { status, kind: code };
  return { status, kind: kind ?? outcome };
}

const QUOTA = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600" };

describe("repull mirror ends with", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, number, string, () => void])[] = [
    ["a copy that is done",            0, "copied",       () => {}],
    ["an image that is not there",     1, "absent",       () => source.tags.clear()],
    ["a source that fails",            5, "unavailable",  () => { source.mischief = always(503, "UNAVAILABLE"); }],
    ["a source whose limit is reached", 3, "rate-limited", () => { source.mischief = always(429, "TOOMANYREQUESTS", QUOTA); }],
    ["a target that wants a login",    4, "unauthorized", () => { target.mischief = always(401, "UNAUTHORIZED"); }],
    ["a target that says no",          4, "denied",       () => { target.mischief = always(403, "DENIED"); }],
    ["a tag that has another digest",        4, "tag-taken", () => { addImage(target, "copy/app", "v1", "another"); target.immutableTags = true; }],
  ];
  for (const [because, status, kind, arrange] of table) {
    test(`${status}: ${because}`, async () => {
      arrange();
      deepEqual(await copy(), { status, kind });
    });
  }

  for (const wrong of ["0", "33", "many", "1.5"]) {
    test(`2: a concurrency of ${wrong}`, async () => {
      deepEqual(await copy({ concurrency: wrong }), { status: 2, kind: "invalid-input" });
    });
  }

  for (const wrong of ["0", "-1", "soon", "1e9"]) {
    test(`2: a time-out of ${wrong}`, async () => {
      deepEqual(await copy({ timeout: wrong }), { status: 2, kind: "invalid-input" });
    });
  }

  test("5: a copy whose time is over, whatever keeps it", async () => {
    const clock = new SteppedClock();
    // A source that sends as little as is borne, for ever.
    source.mischief = (request) => {
      clock.hang();
      return request.url?.includes("/manifests/") === true;
    };
    deepEqual(await copy({ timeout: "30" }, clock), { status: 5, kind: "aborted" });
    clock.stop();
  });

  test("0: a copy with two further tags, which asks the source for no more than one of one tag", async () => {
    let asked = 0;
    source.mischief = () => {
      asked += 1;
      return false;
    };
    deepEqual(await copy(), { status: 0, kind: "copied" });
    const once = asked;
    await target.stop();
    target = await LoopbackRegistry.start();
    deepEqual(await copy({ alsoTag: ["1", "latest"] }), { status: 0, kind: "copied" });
    equal(asked, 2 * once);
    deepEqual(
      ["v1", "1", "latest"].map((tag) => target.tags.get(`copy/app:${tag}`) !== undefined),
      [true, true, true],
    );
    equal(new Set(target.tags.values()).size, 1);
  });

  test("2: a further tag that is not a tag", async () => {
    deepEqual(await copy({ alsoTag: ["a/b"] }), { status: 2, kind: "invalid-input" });
  });

  test("0: one blob at a time, where an option says so", async () => {
    let most = 0;
    let under = 0;
    target.mischief = (request, response) => {
      if (request.method !== "PUT" || !request.url?.includes("/blobs/")) return false;
      under += 1;
      most = Math.max(most, under);
      response.once("close", () => {
        under -= 1;
      });
      return false;
    };
    equal((await copy({ concurrency: "1" })).status, 0);
    equal(most, 1);
  });

  test("5, and a word on what ECR means by it, where it ends the connection", async () => {
    const ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    const io = commandIo({}, { REPULL_REGISTRY_ENDPOINTS: `${ecr}=${target.url}` });
    target.mischief = (request) => {
      if (request.method === "POST") request.socket.destroy();
      return request.method === "POST";
    };
    const input = { source: `${source.host}/team/app:v1`, target: `${ecr}/absent:v1`, platforms: [] };
    const clock = new FastClock();
    const how = { allPlatforms: false, referrers: false, json: false, stack: false } as const;
    equal(await mirror({ ...input, ...how }, io, clock), 5);
    match(
      io.printed.err,
      /does not exist: aws ecr create-repository --repository-name absent --region eu-west-1\n$/,
    );
  });

  test("0: what is there already", async () => {
    await copy();
    equal((await copy()).kind, "already-present");
  });
});

describe("repull mirror connects to the registries", () => {
  const EXCLUDES = JSON.stringify({ scope: { images: { exclude: ["**"] } } });
  // biome-ignore format: a table is read by its columns
  const refusals: readonly (readonly [string, Partial<Parameters<typeof mirror>[0]>])[] = [
    ["it was called wrongly",          { concurrency: "0" }],
    ["its platforms contradict",       { platforms: ["linux/amd64"], allPlatforms: true }],
    ["a policy excludes the image",    { policyFile: "policy.json" }],
    ["a stack has nothing to do here", { stack: "mine" }],
  ];
  for (const [when, more] of refusals)
    test(`not where ${when}`, async () => {
      const io = commandIo({ "policy.json": EXCLUDES });
      const places = { source: `${source.host}/team/app:v1`, target: `${target.host}/copy/app:v1` };
      const input = { ...places, platforms: [], allPlatforms: false, referrers: false, json: true, ...more };
      const status = await mirror(input, io, new FastClock()).catch(({ name }: Error) => name);
      ok(status === 2 || status === "Refused" || status === "InvalidInput", String(status));
      // A connection that had begun would be seen in the next rounds.
      for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
      deepEqual([source.connectionsOpened, target.connectionsOpened], [0, 0]);
    });

  test("once each, where the target has the image and each is asked one question", async () => {
    addImage(target, "copy/app", "v1", "a layer");
    deepEqual(await copy(), { status: 0, kind: "already-present" });
    deepEqual([source.seen.length, target.seen.length], [1, 1]);
    deepEqual([source.connectionsOpened, target.connectionsOpened], [1, 1]);
  });
});
