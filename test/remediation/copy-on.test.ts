/** A copy that needs more than one invocation goes on where it stopped. */

import { deepEqual, equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import type { CopyRequest, CopyResult } from "../../src/oci/copy.ts";
import { CopyError } from "../../src/oci/copy-error.ts";
import { mirror } from "../../src/remediation/mirror.ts";
import type { Copier, Ports } from "../../src/remediation/ports.ts";
import { runInProcess, type StepRecord } from "../../src/runtime/in-process-steps.ts";
import { createWorld } from "../../src/sandbox/world.ts";
import { DEFAULT_POLICY } from "../../src/substitution/policy.ts";

const DIGEST = digestOf("an image");
const BLOBS = 10;

/** A copier that moves one blob in five minutes, and remembers what it has brought; `fails` breaks it. */
function slowCopier(clock: Ports["clock"], fails: (call: number) => Error | undefined = () => undefined) {
  const there = new Set<number>();
  const calls: { readonly asEmpty: boolean; readonly moved: number }[] = [];
  const copier: Copier = {
    async copy(request: CopyRequest, { signal } = {}): Promise<CopyResult> {
      const asEmpty = request.targetIsEmpty === true;
      if (asEmpty) there.clear();
      let moved = 0;
      try {
        const failure = fails(calls.length + 1);
        if (failure !== undefined) throw failure;
        for (let blob = 0; blob < BLOBS; blob++) {
          if (there.has(blob)) continue;
          await clock.sleep(300_000, signal).catch((cause: unknown) => {
            throw new CopyError("the copy was stopped", { kind: "aborted", side: "source" }, { cause });
          });
          there.add(blob);
          moved += 1;
        }
      } finally {
        calls.push({ asEmpty, moved });
      }
      return {
        digest: DIGEST,
        sourceDigest: DIGEST,
        mediaType: "",
        alreadyPresent: false,
        bytesMoved: moved,
        bytesSkipped: 0,
        blobsMoved: moved,
        blobsSkipped: BLOBS - moved,
        blobsMounted: 0,
        requests: { source: 0, target: 0 },
      };
    },
  };
  return { copier, calls };
}

async function run(options: {
  readonly minutesOfInvocation?: number;
  readonly fails?: (call: number) => Error | undefined;
}): Promise<{
  readonly ended: unknown;
  readonly calls: readonly { readonly asEmpty: boolean; readonly moved: number }[];
  readonly log: readonly StepRecord[];
}> {
  const world = await createWorld({ services: [] });
  const { copier, calls } = slowCopier(world.clock, options.fails);
  const { account, region } = world.ports.home;
  const request = {
    kind: "copy",
    source: "docker.io/library/nginx:1",
    digest: DIGEST,
    target: `${account}.dkr.ecr.${region}.amazonaws.com/${DEFAULT_POLICY.mirrorPrefix}/docker.io/library/nginx:1`,
  };
  const left = (): number => (options.minutesOfInvocation ?? Number.POSITIVE_INFINITY) * 60_000;
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
  return { ended, calls, log };
}

describe("a copy", () => {
  test("that fits into one invocation takes one, and asks a new repository for nothing", async () => {
    const { ended, calls } = await run({ minutesOfInvocation: 60 });
    equal((ended as { kind: string }).kind, "copied");
    deepEqual(calls, [{ asEmpty: true, moved: BLOBS }]);
  });

  test("that does not fit stops in time, and goes on with only what is missing", async () => {
    const { ended, calls } = await run({ minutesOfInvocation: 15 });
    equal((ended as { kind: string }).kind, "copied");
    deepEqual(
      calls,
      [2, 2, 2, 2, 2].map((moved, index) => ({ asEmpty: index === 0, moved })),
    );
  });

  test("that only fails is not tried for ever", async () => {
    const failure = new CopyError("wrong bytes", { kind: "mismatch", side: "source" });
    const { ended, calls } = await run({ minutesOfInvocation: 15, fails: () => failure });
    equal((ended as Error).name, "StepFailed");
    equal(calls.length, 4);
  });

  test("that moves nothing in forty invocations gives up", async () => {
    const { ended, calls } = await run({ minutesOfInvocation: 2 });
    equal((ended as Error).name, "StepFailed");
    equal(calls.length, 40);
  });
});
