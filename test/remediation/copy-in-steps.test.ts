/** A copy as durable steps: what was read or brought once is not read or brought again, whoever goes on. */

import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../../src/image/digest.ts";
import { CopyError, refusedOn } from "../../src/oci/copy-error.ts";
import type { CopyInParts } from "../../src/oci/copy-in-parts.ts";
import { packManifests, unpackManifests } from "../../src/oci/kept-manifests.ts";
import type { Descriptor } from "../../src/oci/manifest.ts";
import type { Manifest } from "../../src/oci/registry.ts";
import { RegistryError } from "../../src/oci/registry-error.ts";
import { blobGroups } from "../../src/remediation/blob-groups.ts";
import { mirror } from "../../src/remediation/mirror.ts";
import type { Ports } from "../../src/remediation/ports.ts";
import { durableSteps } from "../../src/runtime/durable-steps.ts";
import { type Death, runInProcess, type StepRecord } from "../../src/runtime/in-process-steps.ts";
import { createRandom } from "../../src/runtime/random.ts";
import { createWorld, type World } from "../../src/sandbox/world.ts";
import { DEFAULT_POLICY, type Policy, readPolicy } from "../../src/substitution/policy.ts";
import { differences } from "../support/sandbox-copy.ts";
import { inOfficialEnvironment } from "../support/scenario.ts";

const OCI = "application/vnd.oci.image";
const MIB = 1024 * 1024;
const PATH = "library/app";

inOfficialEnvironment();

/** An image at Docker Hub: so many platforms, each with layers of these sizes. */
async function worldWith(platforms: number, layerBytes: readonly number[]) {
  const world = await createWorld({ services: [] });
  const hub = world.registries.dockerHub;
  const put = (bytes: Uint8Array, mediaType: string) => ({
    mediaType,
    digest: hub.putBlob(PATH, bytes),
    size: bytes.byteLength,
  });
  const store = (document: object, mediaType: string) => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
    return { mediaType, digest: hub.putManifest(PATH, bytes, mediaType), size: bytes.byteLength };
  };
  const manifests = Array.from({ length: platforms }, (_, platform) => {
    const architecture = ["amd64", "arm64"][platform] ?? `cpu${platform}`;
    const config = put(Buffer.from(JSON.stringify({ os: "linux", architecture })), `${OCI}.config.v1+json`);
    const layers = layerBytes.map((size, layer) =>
      put(Buffer.alloc(size, `${platform} ${layer} `), `${OCI}.layer.v1.tar+gzip`),
    );
    const manifest = store({ config, layers }, `${OCI}.manifest.v1+json`);
    return { ...manifest, platform: { os: "linux", architecture } };
  });
  const index = store({ manifests }, `${OCI}.index.v1+json`);
  const { account, region } = world.home;
  const target = `${account}.dkr.ecr.${region}.amazonaws.com/${DEFAULT_POLICY.mirrorPrefix}/docker.io/${PATH}`;
  const request = {
    kind: "copy",
    source: `docker.io/${PATH}:1`,
    digest: index.digest,
    target: `${target}:1`,
  };
  return {
    world,
    request,
    index: index.digest,
    platforms: manifests.map(({ digest }) => digest),
    pulls: () => 100 - (hub.pullsLeft({ address: world.addresses.repull }) ?? Number.NaN),
    missing: (digest: Digest) =>
      differences(
        { source: hub, target: world.registries.ecr },
        PATH,
        `${DEFAULT_POLICY.mirrorPrefix}/docker.io/${PATH}`,
        digest,
      ),
  };
}

/**
 * Ports of one invocation, whose time is over after so many parts: every further one is told to stop. One part at a
 * time, for the engine skips the pause before another attempt, and would use them all up while others still move.
 */
function shortOfTime(ports: Ports, partsMax: number): Ports {
  let parts = 0;
  return withCopy(ports, (copy) => ({
    ...copy,
    atOnce: 1,
    async move(...told) {
      parts += 1;
      if (parts > partsMax) throw new CopyError("the copy was stopped", { kind: "aborted", side: "source" });
      return await copy.move(...told);
    },
  }));
}

function withCopy(ports: Ports, change: (copy: CopyInParts) => CopyInParts): Ports {
  return { ...ports, copier: { inParts: (request) => change(ports.copier.inParts(request)) } };
}

type Move = CopyInParts["move"];

function withMove(
  ports: Ports,
  move: (copy: CopyInParts, ...told: Parameters<Move>) => ReturnType<Move>,
): Ports {
  return withCopy(ports, (copy) => ({ ...copy, move: (...told) => move(copy, ...told) }));
}

async function inTwin(
  world: World,
  request: object,
  options: {
    ports?: Ports;
    left?: () => number;
    dies?: (death: Death) => boolean;
    log?: StepRecord[];
    policy?: Policy;
  } = {},
): Promise<unknown> {
  const { ports = world.ports, policy = DEFAULT_POLICY, left, ...rest } = options;
  let ended: { result: unknown } | undefined;
  world.clock.schedule(world.clock.now(), async () => {
    const result = await runInProcess((steps) => mirror(request, ports, policy, steps, left), {
      clock: world.clock,
      ...rest,
    }).catch((error: unknown) => error);
    ended = { result };
  });
  await world.runUntil(() => ended !== undefined, 24 * 3600);
  return ended?.result;
}

/** AWS's own testing engine, which begins a new invocation after each pause. */
async function officially(request: object, portsOf: () => Ports) {
  let invocations = 0;
  const handlerFunction = withDurableExecution(async (input: unknown, context) => {
    invocations += 1;
    return await mirror(input, portsOf(), DEFAULT_POLICY, durableSteps(context));
  });
  const runner = new LocalDurableTestRunner({ handlerFunction });
  const run = await runner.run({ payload: request });
  return { result: run.getResult(), invocations };
}

describe("a copy that is cut off", () => {
  test("after any of its steps goes on, and asks Docker Hub for no manifest twice", async () => {
    const { world, request, index, pulls, missing } = await worldWith(2, [9 * MIB, 300, 200, 100]);
    const died = new Set<number>();
    const dies = ({ index: at, when }: Death) => when === "recorded" && !died.has(at) && !!died.add(at);
    const ended = await inTwin(world, request, { dies });
    expect(ended).toMatchObject({ kind: "copied", digest: index });
    expect(missing(index)).toEqual([]);
    expect(died.size).toBeGreaterThan(6);
    expect(pulls()).toBe(3);
  });

  test("between what it has done and the record of it does that again, and nothing else", async () => {
    const { world, request, index, pulls, missing } = await worldWith(1, [9 * MIB, 300, 200]);
    const died = new Set<string>();
    const dies = ({ name, when }: Death) =>
      when === "unrecorded" && name !== "manifests 1" && !died.has(name) && !!died.add(name);
    const ended = await inTwin(world, request, { dies });
    expect(ended).toMatchObject({ kind: "copied", digest: index });
    expect(missing(index)).toEqual([]);
    expect([...died]).toContain("names");
    expect(pulls()).toBe(2);
  });

  test("by AWS's engine, over and over, goes on in the next invocation", async () => {
    const layers = [...Array.from({ length: 6 }, (_, layer) => 8 * MIB + layer), 300, 200, 100];
    const { world, request, platforms, pulls, missing } = await worldWith(2, layers);
    const { result, invocations } = await officially({ ...request, platforms: ["linux/amd64"] }, () =>
      shortOfTime(world.ports, 3),
    );
    const [digest] = platforms as [Digest];
    expect(result).toMatchObject({ kind: "copied", digest, alreadyPresent: false });
    expect((result as { bytesMoved: number }).bytesMoved).toBeGreaterThan(48 * MIB);
    expect(missing(digest)).toEqual([]);
    expect(invocations).toBeGreaterThanOrEqual(3);
    expect(pulls()).toBe(2);
  });

  test("goes on although what it had brought is gone from the target", async () => {
    const { world, request, index, missing } = await worldWith(1, [9 * MIB, 300]);
    // The target says that it has what it has not: nothing is moved, and all of it is said to be there.
    const ports = withMove(world.ports, async (_copy, blobs) => blobs.map(() => "skipped"));
    expect(await inTwin(world, request, { ports })).toMatchObject({ kind: "copied", digest: index });
    expect(missing(index)).toEqual([]);
  });
});

describe("a copy that cannot be had", () => {
  test("is refused by a limit that is met half-way, and the other blobs are not asked for", async () => {
    const { world, request } = await worldWith(
      1,
      Array.from({ length: 20 }, () => 8 * MIB),
    );
    let asked = 0;
    const ports = withMove(world.ports, async (copy, ...told) => {
      asked += 1;
      if (asked < 3) return await copy.move(...told);
      const limit = new RegistryError("GET blob: 429", {
        kind: "rate-limited",
        host: "registry-1.docker.io",
      });
      throw refusedOn("source", undefined, limit);
    });
    const ended = await inTwin(world, request, { ports });
    expect(ended).toEqual({ kind: "refused", because: "source: GET blob: 429", limited: true });
    expect(asked).toBeLessThan(10);
  });

  test("is held back before its first blob where it is more than the owner's cap of a day", async () => {
    const { world, request } = await worldWith(1, [2 * MIB]);
    const policy = readPolicy({ ...DEFAULT_POLICY, caps: { bytesPerDay: "1MB" } });
    const ended = await inTwin(world, request, { policy });
    expect(ended).toMatchObject({ kind: "refused", because: expect.stringContaining("caps.bytesPerDay") });
    expect(world.registries.ecr.requests()["upload-start"]).toBeUndefined();
  });

  test("is tried a few times where it only fails, and then told of", async () => {
    const { world, request } = await worldWith(1, [10]);
    let asked = 0;
    const ports = withMove(world.ports, async () => {
      asked += 1;
      throw new CopyError("source: wrong bytes", { kind: "mismatch", side: "source" });
    });
    const ended = await inTwin(world, request, { ports });
    expect(ended).toMatchObject({ name: "StepFailed", step: "blobs 1", message: "source: wrong bytes" });
    expect(asked).toBe(2 * 4);
  });
});

describe("what fits into a step", () => {
  const random = createRandom("manifests");
  const manifestOf = (layers: number): Manifest => {
    const document = {
      schemaVersion: 2,
      layers: Array.from({ length: layers }, () => ({ digest: digestOf(String(random.next())), size: 1 })),
    };
    const bytes = Buffer.from(JSON.stringify(document));
    return { digest: digestOf(bytes), bytes, size: bytes.byteLength, mediaType: `${OCI}.manifest.v1+json` };
  };

  test("manifests come back byte for byte", () => {
    const manifests = [manifestOf(3), manifestOf(40)];
    const { packed, isAll } = packManifests(manifests);
    expect(isAll).toBe(true);
    expect(unpackManifests(packed).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(
      manifests.map(({ bytes }) => Buffer.from(bytes).toString()),
    );
  });

  test("what does not fit is left for the next step, and one that never fits is left out", () => {
    const many = Array.from({ length: 90 }, () => manifestOf(100));
    const first = packManifests(many);
    expect(first.isAll).toBe(false);
    expect(unpackManifests(first.packed).length).toBeGreaterThan(20);
    expect(first.packed.length).toBeLessThan(200 * 1024);
    expect(packManifests([manifestOf(8000), manifestOf(1)])).toMatchObject({ isAll: true, tooBig: 1 });
  });

  test("an image of forty platforms is read in several steps, and each manifest once", async () => {
    const { world, request, index, pulls, missing } = await worldWith(40, [10]);
    const log: StepRecord[] = [];
    expect(await inTwin(world, request, { log })).toMatchObject({ kind: "copied", digest: index });
    expect(log.map(({ name }) => name).filter((name) => name.startsWith("manifests"))).toHaveLength(2);
    expect(missing(index)).toEqual([]);
    expect(pulls()).toBe(41);
  });

  // biome-ignore format: a table is read by its columns
  const groups: readonly (readonly [what: string, sizes: readonly number[], lengths: readonly number[]])[] = [
    ["nothing",                                    [],                                          []],
    ["one small blob",                             [10],                                        [1]],
    ["sixty of three kilobytes share five steps",  Array.from({ length: 60 }, () => 3000),      [12, 12, 12, 12, 12]],
    ["big ones have a step each, and come first",  [10, 9 * MIB, 20, 1000 * MIB],               [1, 1, 1, 1]],
    ["many of middle size make steps of 64 MiB",   Array.from({ length: 100 }, () => 7 * MIB),  Array.from({ length: 11 }, (_, at) => at === 0 ? 10 : 9)],
  ];
  for (const [what, sizes, lengths] of groups) {
    test(what, () => {
      const blobs = sizes.map((size, index): Descriptor => {
        return { digest: digestOf(`${index}`), size, mediaType: "" };
      });
      const made = blobGroups(blobs, 5);
      expect(
        made
          .flat()
          .map(({ digest }) => digest)
          .sort(),
      ).toEqual(blobs.map(({ digest }) => digest).sort());
      expect(made.map(({ length }) => length)).toEqual(lengths);
      for (const group of made) {
        const bytes = group.reduce((sum, { size }) => sum + size, 0);
        expect(group.length === 1 || bytes <= 72 * MIB).toBe(true);
      }
      expect(made[0]?.[0]?.size ?? 0).toBe(Math.max(0, ...sizes));
    });
  }
});
