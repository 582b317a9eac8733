/** A copy as durable steps: what was read or brought once is not read or brought again, however often it is cut off. */

import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { LocalDurableTestRunner } from "@aws/durable-execution-sdk-js-testing";
import { describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../../../src/image/digest.ts";
import type { Manifest } from "../../../src/oci/client/types.ts";
import { packManifests, unpackManifests } from "../../../src/oci/copy/manifest-checkpoint.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import { type DurableSlice, durableSteps } from "../../../src/runtime/durable-steps.ts";
import type { CrashPoint, StepRecord } from "../../../src/runtime/in-process-steps.ts";
import { createRandom } from "../../../src/sandbox/random.ts";
import { answer, connectionError } from "../../../src/sandbox/registry/api/response.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { readPolicy } from "../../support/policy.ts";
import {
  asksFor,
  imageWorld,
  incompressible,
  inTwin,
  invocationsOf,
  oneByOne,
  portsOver,
  slowly,
} from "../../support/registries/slow-copy.ts";
import { inOfficialEnvironment } from "../../support/scenario.ts";

const OCI = "application/vnd.oci.image";
const MIB = 1024 * 1024;
const KIB = 1024;

inOfficialEnvironment();

/** Big enough to be asked for at the target, so that it is distinguished from one that costs nothing to send again. */
const layers = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, layer) => 100 * KIB + layer);
const namesOf = (log: readonly StepRecord[]): readonly string[] =>
  log.flatMap(({ kind, name }) => (kind === "step" ? [name] : []));

describe("a copy that fits into one invocation", () => {
  test("is read once and copied once, and asks a new repository for no blob", async () => {
    const { world, request, index, pulls, missing } = await imageWorld(2, layers(4));
    const log: StepRecord[] = [];
    expect(await inTwin(world, request, { log })).toMatchObject({ kind: "copied", digest: index });
    expect(namesOf(log).filter((name) => /^(manifests|copy)/.test(name))).toEqual(["manifests", "copy 1"]);
    expect(missing(index)).toEqual([]);
    expect(pulls()).toBe(3);
    expect(world.registries.ecr.requests()["blob-head"]).toBeUndefined();
  });
});

describe("a copy that is cut off", () => {
  test("by the end of its invocation stops by itself, and goes on in the next with what is missing", async () => {
    const { world, request, index, pulls, missing } = await imageWorld(1, layers(9));
    let asked = 0;
    const slow = slowly(world, 300);
    const ports = portsOver(world, (wanted, send) => {
      if (asksFor("blobs", wanted)) asked += 1;
      return slow(wanted, send);
    });
    const { left, count } = invocationsOf(15, world.clock);
    const log: StepRecord[] = [];
    const ended = await inTwin(world, request, { ports, left, log });
    expect(ended).toMatchObject({ kind: "copied", digest: index, alreadyPresent: false });
    expect((ended as { bytesMoved: number }).bytesMoved).toBeGreaterThan(9 * 100 * KIB);
    expect(missing(index)).toEqual([]);
    // Two blobs of five minutes fit into fourteen; the third is given up, and the config is the tenth.
    expect(count()).toBe(5);
    expect(asked).toBe(10 + 4);
    const lefts = log.flatMap(({ name, ...record }) =>
      name.startsWith("copy") && "result" in record ? [JSON.parse(record.result ?? "{}").left] : [],
    );
    expect(lefts).toEqual([8, 6, 4, 2, undefined]);
    expect(pulls()).toBe(2);
  });

  test("waits for the next invocation where it is resumed with too little time for a step", async () => {
    const { world, request, index, missing } = await imageWorld(1, layers(3));
    const { left } = invocationsOf(15, world.clock);
    // Three times the engine goes on in the invocation that is about to end.
    let late = 3;
    const leftLate = (): number => {
      const now = left();
      return now < 900_000 || late === 0 ? now : late-- > 0 ? 90_000 : now;
    };
    const log: StepRecord[] = [];
    const ports = portsOver(world, slowly(world, 500));
    const ended = await inTwin(world, request, { ports, left: leftLate, log });
    expect(late).toBe(0);
    expect(ended).toMatchObject({ kind: "copied", digest: index });
    expect(missing(index)).toEqual([]);
  });

  test("after any of its steps goes on, and asks Docker Hub for no manifest twice", async () => {
    const { world, request, index, pulls, missing } = await imageWorld(2, [9 * MIB, 300, 200, 100]);
    const died = new Set<number>();
    const dies = ({ index: at, when }: CrashPoint) => when === "recorded" && !died.has(at) && !!died.add(at);
    const ended = await inTwin(world, request, { crashesAt: dies });
    expect(ended).toMatchObject({ kind: "copied", digest: index });
    expect(missing(index)).toEqual([]);
    // The repository, the manifests, the quota, the copy.
    expect(died.size).toBe(4);
    expect(pulls()).toBe(3);
  });

  test("between what it has done and the record of it finds that done, and does nothing else", async () => {
    const { world, request, index, pulls, missing } = await imageWorld(1, [9 * MIB, 300, 200]);
    const died = new Set<string>();
    const dies = ({ name, when }: CrashPoint) =>
      when === "unrecorded" && name !== "manifests" && !died.has(name) && !!died.add(name);
    const ended = await inTwin(world, request, { crashesAt: dies });
    expect(ended).toMatchObject({ kind: "copied", digest: index });
    expect(missing(index)).toEqual([]);
    expect([...died]).toContain("copy 1");
    expect(pulls()).toBe(2);
  });

  for (const every of [3, 7, 20]) {
    test(`by a kill after each ${every} requests of a copy costs no pull more, and ends whole`, async () => {
      const { world, request, index, pulls, missing } = await imageWorld(3, layers(6));
      const log: StepRecord[] = [];
      let kills = 0;
      let ended: unknown;
      while (ended === undefined && kills < 60) {
        let requests = 0;
        // A process that was killed hears of nothing any more; another goes on over the same record.
        const ports = portsOver(world, () => {
          const isReading = !namesOf(log).includes("manifests");
          requests += isReading ? 0 : 1;
          return requests > every + kills ? new Promise(() => {}) : undefined;
        });
        ended = await inTwin(world, request, { ports, log, secondsMax: 30 });
        kills += ended === undefined ? 1 : 0;
      }
      expect(kills).toBeGreaterThan(0);
      expect(ended).toMatchObject({ kind: "copied", digest: index });
      expect(missing(index)).toEqual([]);
      expect(pulls()).toBe(4);
    });
  }

  test("by AWS's engine, over and over, goes on in the next invocation", async () => {
    const { world, request, platforms, pulls, missing } = await imageWorld(2, layers(20));
    const { ports, left, begin, invocations } = overAfter(world.ports, 6);
    const handlerFunction = withDurableExecution(async (input: unknown, context) => {
      begin();
      // The engine may skip a wait without ending the invocation: what comes after it is another one here.
      const slice: DurableSlice = {
        step: (name, run, config) => context.step(name, run, config),
        createCallback: (name, config) => context.createCallback(name, config),
        wait: async (name, duration) => {
          await context.wait(name, duration);
          begin();
        },
      };
      return await mirror(input, ports, DEFAULT_POLICY, durableSteps(slice), left);
    });
    const runner = new LocalDurableTestRunner({ handlerFunction });
    const run = await runner.run({ payload: { ...request, platforms: ["linux/amd64"] } });
    const [digest] = platforms as [Digest];
    const result = run.getResult();
    expect(result).toMatchObject({ kind: "copied", digest, alreadyPresent: false });
    expect((result as { bytesMoved: number }).bytesMoved).toBeGreaterThan(20 * 100 * KIB);
    expect(missing(digest)).toEqual([]);
    expect(invocations()).toBeGreaterThanOrEqual(3);
    expect(pulls()).toBe(2);
  });

  test("by a source that fails again and again goes on as long as something comes", async () => {
    const { world, request, index, pulls, missing } = await imageWorld(1, layers(12));
    const log: StepRecord[] = [];
    const ports = portsOver(world, oneByOne());
    expect(await inTwin(world, request, { ports, log })).toMatchObject({ kind: "copied", digest: index });
    expect(namesOf(log).filter((name) => /^copy/.test(name)).length).toBeGreaterThan(6);
    expect(missing(index)).toEqual([]);
    expect(pulls()).toBe(2);
  });

  test("while its manifests are read keeps those that have come", async () => {
    const { world, request, index, pulls, missing } = await imageWorld(20, [10]);
    let asked = 0;
    const ports = portsOver(world, (wanted) => {
      if (!asksFor("manifests", wanted)) return undefined;
      asked += 1;
      return asked === 12 ? Promise.reject(connectionError("ECONNRESET", "hub")) : undefined;
    });
    expect(await inTwin(world, request, { ports })).toMatchObject({ kind: "copied", digest: index });
    expect(missing(index)).toEqual([]);
    expect(pulls()).toBe(21);
  });

  test("goes on although what it had brought is gone from the target", async () => {
    const { world, request, index, missing } = await imageWorld(1, [9 * MIB, 300]);
    let isLying = true;
    // The target says that it has what it has not, until it is asked to name the image.
    const ports = portsOver(world, async ({ method, url }) => {
      const isOurs = url.host.includes(".ecr.");
      if (method === "PUT" && url.pathname.includes("/manifests/")) isLying = false;
      return isLying && isOurs && method === "HEAD" && url.pathname.includes("/blobs/")
        ? answer(200)
        : undefined;
    });
    world.registries.ecr.createRepository(`${DEFAULT_POLICY.mirrorPrefix}/docker.io/library/app`);
    expect(await inTwin(world, request, { ports })).toMatchObject({ kind: "copied", digest: index });
    expect(isLying).toBe(false);
    expect(missing(index)).toEqual([]);
  });
});

describe("a copy that cannot be had", () => {
  test("is refused by a limit that is met half-way, and no other blob is asked for", async () => {
    const { world, request } = await imageWorld(1, layers(20));
    let asked = 0;
    const ports = portsOver(world, async (wanted) => {
      if (!asksFor("blobs", wanted)) return undefined;
      asked += 1;
      return asked < 3 ? undefined : answer(429);
    });
    const ended = await inTwin(world, request, { ports });
    expect(ended).toMatchObject({ kind: "refused", code: "rate-limited", limited: true });
    expect(asked).toBe(3);
  });

  test("is refused before its first blob where it is more than the policy's quota of a day", async () => {
    const { world, request } = await imageWorld(1, [2 * MIB]);
    const policy = readPolicy({ ...DEFAULT_POLICY, quotas: { bytesPerDay: "1MB" } });
    const ended = await inTwin(world, request, { policy });
    expect(ended).toMatchObject({ kind: "refused", code: "quota-exceeded", held: { quota: "bytesPerDay" } });
    expect(world.registries.ecr.requests()["upload-start"]).toBeUndefined();
  });

  for (const [what, kind] of [
    ["of wrong bytes", "wrong-bytes"],
    ["whose blobs never come", "reset"],
  ] as const) {
    test(`${what} is tried a few times, and then reported`, async () => {
      const { world, request, missing, index } = await imageWorld(1, layers(1));
      let steps = 0;
      world.registries.dockerHub.fail({ on: "redirected-blob", as: { kind } });
      const log: StepRecord[] = [];
      const ended = await inTwin(world, request, {
        log,
        ports: { ...world.ports, copier: counted(world.ports.copier, () => (steps += 1)) },
      });
      expect(ended).toMatchObject({ name: "StepFailed", step: "copy 1" });
      expect(steps).toBe(4);
      expect(missing(index)).not.toEqual([]);
      expect(
        Object.keys(world.registries.ecr.tags(`${DEFAULT_POLICY.mirrorPrefix}/docker.io/library/app`)),
      ).toEqual([]);
    });
  }

  test("because one blob fits into no invocation ends after two of them", async () => {
    const { world, request, pulls } = await imageWorld(1, layers(3));
    const { left, count } = invocationsOf(15, world.clock);
    const ended = await inTwin(world, request, { ports: portsOver(world, slowly(world, 1200)), left });
    expect(ended).toMatchObject({ kind: "refused", code: "copy-stalled" });
    expect(count()).toBe(2);
    expect(pulls()).toBe(2);
  });

  test("because the target never has what it was sent ends, and not after a hundred invocations", async () => {
    const { world, request } = await imageWorld(1, layers(3));
    const { left, count } = invocationsOf(15, world.clock);
    const slow = slowly(world, 400);
    const ports = portsOver(world, async (wanted, send) => {
      const { method, url } = wanted;
      return method === "HEAD" && url.host.includes(".ecr.") && url.pathname.includes("/blobs/")
        ? answer(404)
        : await slow(wanted, send);
    });
    const ended = await inTwin(world, request, { ports, left });
    expect(ended).toMatchObject({ kind: "refused", code: "copy-stalled" });
    expect(count()).toBeLessThan(4);
  });
});

describe("what fits into a step", () => {
  const random = createRandom("manifests");
  const manifestOf = (count: number): Manifest => {
    const document = {
      schemaVersion: 2,
      layers: Array.from({ length: count }, () => ({ digest: digestOf(String(random.next())), size: 1 })),
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

  test("sixteen platforms of the most layers that Docker makes are one result", () => {
    const { packed, isAll } = packManifests(Array.from({ length: 16 }, () => manifestOf(127)));
    expect(isAll).toBe(true);
    expect(packed.length).toBeLessThan(192 * KIB);
  });

  test("what does not fit is left for the next step, and one that never fits is left out", () => {
    const first = packManifests(Array.from({ length: 90 }, () => manifestOf(100)));
    expect(first.isAll).toBe(false);
    expect(unpackManifests(first.packed).length).toBeGreaterThan(20);
    expect(first.packed.length).toBeLessThan(200 * KIB);
    const one = packManifests([manifestOf(8000), manifestOf(1)]);
    expect(one.isAll).toBe(true);
    expect(unpackManifests(one.packed)).toHaveLength(1);
  });

  test("an image whose manifests are too much for one result is kept by two, and each is pulled once", async () => {
    let platform = 0;
    const note = () => incompressible(12 * KIB, `${platform++}`);
    const { world, request, index, pulls, missing } = await imageWorld(40, [10], note);
    const log: StepRecord[] = [];
    const died = new Set<string>();
    // Dead after each copy's step, so that all of it has to come from the record.
    const dies = ({ name, when }: CrashPoint) =>
      when === "recorded" && /^claim/.test(name) && !died.has(name) && !!died.add(name);
    expect(await inTwin(world, request, { log, crashesAt: dies })).toMatchObject({
      kind: "copied",
      digest: index,
    });
    expect(namesOf(log).filter((name) => name.startsWith("manifests"))).toEqual(["manifests", "manifests 2"]);
    for (const record of log) expect(JSON.stringify(record).length).toBeLessThan(256 * KIB);
    expect(missing(index)).toEqual([]);
    expect(pulls()).toBe(41);
  });
});

/** Invocations whose time is over as soon as so many blobs have come. */
function overAfter(ports: Ports, blobsMax: number) {
  let over = Promise.withResolvers<void>();
  let blobs = 0;
  let count = 0;
  const copy: Ports["copier"]["copy"] = (request, options) =>
    ports.copier.copy(request, {
      ...options,
      onProgress: (progress) => {
        options?.onProgress?.(progress);
        if (progress.state === "done" && ++blobs >= blobsMax) over.resolve();
      },
    });
  // What waits for a quarter of an hour waits for the end of the invocation.
  const sleep: Ports["clock"]["sleep"] = (milliseconds, signal) =>
    milliseconds < 600_000
      ? ports.clock.sleep(milliseconds, signal)
      : Promise.race([over.promise, aborted(signal)]);
  return {
    ports: { ...ports, clock: { ...ports.clock, sleep }, copier: { ...ports.copier, copy } },
    left: () => (blobs < blobsMax ? 900_000 : 30_000),
    begin: (): void => {
      if (blobs > 0 || count === 0) count += 1;
      over = Promise.withResolvers<void>();
      blobs = 0;
    },
    invocations: () => count,
  };
}

function aborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

function counted(copier: Ports["copier"], count: () => void): Ports["copier"] {
  return {
    ...copier,
    copy: (...told) => {
      count();
      return copier.copy(...told);
    },
  };
}
