/** A copy that needs more than one invocation goes on where it stopped. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import type { CopyRequest, CopyResult } from "../../src/oci/copy.ts";
import { CopyError } from "../../src/oci/copy-error.ts";
import type { CopyInParts } from "../../src/oci/copy-in-parts.ts";
import type { Manifest } from "../../src/oci/registry.ts";
import { mirror } from "../../src/remediation/mirror.ts";
import type { Copier, Ports } from "../../src/remediation/ports.ts";
import { runInProcess, type StepRecord } from "../../src/runtime/in-process-steps.ts";
import { createWorld } from "../../src/sandbox/world.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy.ts";

const MIB = 1024 * 1024;
const BLOBS = 10;
const MANIFEST = manifestOf(BLOBS);

function manifestOf(layers: number): Manifest {
  const descriptor = (of: string) => ({ mediaType: "", digest: digestOf(of), size: 100 * MIB });
  const document = {
    schemaVersion: 2,
    config: descriptor("layer 1"),
    layers: Array.from({ length: layers }, (_, index) => descriptor(`layer ${index + 1}`)),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { digest: digestOf(bytes), bytes, size: bytes.byteLength, mediaType: "" };
}

/** A copier of one blob at a time that takes five minutes for each; `fails` breaks it. */
function slowCopier(clock: Ports["clock"], fails: (call: number) => Error | undefined = () => undefined) {
  const seen = { read: 0, asked: 0, moved: 0, asEmpty: [] as boolean[] };
  const copier: Copier = {
    inParts: (request: CopyRequest): CopyInParts => {
      seen.asEmpty.push(request.targetIsEmpty === true);
      return {
        atOnce: 1,
        async read() {
          seen.read += 1;
          return { kind: "read", manifests: [MANIFEST], isWhole: true };
        },
        async move(blobs, signal) {
          seen.asked += 1;
          const failure = fails(seen.asked);
          if (failure !== undefined) throw failure;
          await clock.sleep(300_000, signal).catch((cause: unknown) => {
            throw new CopyError("the copy was stopped", { kind: "aborted", side: "source" }, { cause });
          });
          seen.moved += blobs.length;
          return blobs.map(() => "moved");
        },
        async finish(_kept, brought): Promise<CopyResult> {
          return {
            digest: MANIFEST.digest,
            sourceDigest: MANIFEST.digest,
            mediaType: "",
            alreadyPresent: false,
            bytesMoved: brought.size * 100 * MIB,
            bytesSkipped: 0,
            blobsMoved: brought.size,
            blobsSkipped: 0,
            blobsMounted: 0,
            requests: { source: 0, target: 0 },
          };
        },
      };
    },
  };
  return { copier, seen };
}

/** What is left of an invocation that began with the first question; the next begins when one asks too late. */
function invocationsOf(minutes: number, clock: Ports["clock"]): () => number {
  let until: number | undefined;
  return () => {
    const left = (until ?? 0) - clock.now();
    if (left > 20_000) return left;
    until = clock.now() + minutes * 60_000;
    return minutes * 60_000;
  };
}

async function run(options: {
  readonly minutesOfInvocation?: number;
  readonly fails?: (call: number) => Error | undefined;
}): Promise<{
  readonly ended: unknown;
  readonly seen: ReturnType<typeof slowCopier>["seen"];
  readonly log: readonly StepRecord[];
}> {
  const world = await createWorld({ services: [] });
  const { copier, seen } = slowCopier(world.clock, options.fails);
  const { account, region } = world.ports.home;
  const request = {
    kind: "copy",
    source: "docker.io/library/nginx:1",
    digest: MANIFEST.digest,
    target: `${account}.dkr.ecr.${region}.amazonaws.com/${DEFAULT_POLICY.mirrorPrefix}/docker.io/library/nginx:1`,
  };
  const left = invocationsOf(options.minutesOfInvocation ?? 24 * 60, world.clock);
  const log: StepRecord[] = [];
  let ended: unknown;
  world.clock.schedule(world.clock.now(), async () => {
    const ports = { ...world.ports, copier };
    ended = await runInProcess((steps) => mirror(request, ports, DEFAULT_POLICY, steps, left), {
      clock: world.clock,
      log,
    }).catch((error: unknown) => error);
  });
  await world.runUntil(() => ended !== undefined, 24 * 3600);
  return { ended, seen, log };
}

describe("a copy", () => {
  test("that fits into one invocation takes one, and asks a new repository for nothing", async () => {
    const { ended, seen } = await run({ minutesOfInvocation: 60 });
    equal((ended as { kind: string }).kind, "copied");
    deepEqual(seen, { read: 1, asked: BLOBS, moved: BLOBS, asEmpty: [true] });
  });

  test("that does not fit stops in time, and goes on with only what is missing", async () => {
    const { ended, seen } = await run({ minutesOfInvocation: 15 });
    const { kind, bytesMoved } = ended as { kind: string; bytesMoved: number };
    deepEqual({ kind, bytesMoved }, { kind: "copied", bytesMoved: BLOBS * 100 * MIB });
    // Two blobs fit into each quarter of an hour; the third is begun and given up, four times.
    deepEqual([seen.read, seen.asked, seen.moved], [1, BLOBS + 4, BLOBS]);
  });

  test("that only fails is not tried for ever", async () => {
    const failure = new CopyError("wrong bytes", { kind: "mismatch", side: "source" });
    const { ended, seen } = await run({ minutesOfInvocation: 15, fails: () => failure });
    equal((ended as Error).name, "StepFailed");
    equal(seen.asked, 4 * BLOBS);
  });

  test("of a blob that fits into no invocation gives up after twenty", async () => {
    const { ended, seen } = await run({ minutesOfInvocation: 2 });
    equal((ended as Error).name, "StepFailed");
    deepEqual([seen.asked, seen.moved], [20 * BLOBS, 0]);
  });
});
