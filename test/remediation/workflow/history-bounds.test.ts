/**
 * What the longest executions leave in the engine's history.
 *
 * Lambda ends an execution at 3,000 operations or 100 MB, and takes no result of a step above 256 KB
 * (https://docs.aws.amazon.com/lambda/latest/dg/durable-monitoring.html, read 2026-11).
 */

import { describe, expect, test } from "vitest";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { remediate } from "../../../src/remediation/workflow/remediate.ts";
import { EXECUTION_HOURS_MAX } from "../../../src/remediation/workflow/time-budget.ts";
import type { StepRecord } from "../../../src/runtime/in-process-steps.ts";
import type { Steps } from "../../../src/runtime/steps.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import {
  imageWorld,
  incompressible,
  inTwin,
  oneByOne,
  portsOver,
} from "../../support/registries/slow-copy.ts";

/** Half of what Lambda grants, and a tenth. */
const OPERATIONS_MAX = 1500;
const BYTES_MAX = 10_000_000;
const RESULT_BYTES_MAX = 256 * 1024;
/** What the engine keeps of an operation in addition to its result: ids, names, times. */
const BESIDE_BYTES = 400;

const HOUR = 3600;

/** What an execution costs of its bounds. Its own start is an operation too. */
function costOf(log: readonly StepRecord[]) {
  const sizes = log.map((record) => Buffer.byteLength(JSON.stringify(record)));
  return {
    operations: 1 + log.length,
    bytes: sizes.reduce((sum, size) => sum + size + BESIDE_BYTES, 0),
    largest: Math.max(...sizes),
  };
}

function expectWithin(log: readonly StepRecord[]): void {
  const { operations, bytes, largest } = costOf(log);
  expect(operations).toBeLessThanOrEqual(OPERATIONS_MAX);
  expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
  expect(largest).toBeLessThan(RESULT_BYTES_MAX);
}

describe("a mirror execution", () => {
  test("of many manifests that gets one blob before each of a hundred failures stays within its bounds", async () => {
    let platform = 0;
    const note = () => incompressible(12 * 1024, `${platform++}`);
    const { world, request } = await imageWorld(40, [100_000, 100_001, 100_002], note);
    const log: StepRecord[] = [];
    const ports = portsOver(world, oneByOne());
    const ended = await inTwin(world, request, { ports, log, secondsMax: 48 * HOUR });
    expect(ended).toMatchObject({ kind: "refused", code: "copy-stalled" });
    expect(log.filter(({ kind, name }) => kind === "step" && /^copy \d/.test(name))).toHaveLength(100);
    expectWithin(log);
  });

  test("of a layer for each of an image's many costs no operation for any of them", async () => {
    const { world, request, index } = await imageWorld(
      1,
      Array.from({ length: 400 }, (_, at) => 10 + at),
    );
    const log: StepRecord[] = [];
    expect(await inTwin(world, request, { log })).toMatchObject({ kind: "copied", digest: index });
    expect(costOf(log).operations).toBeLessThan(10);
  });
});

describe("a remediation", () => {
  /** Ten images, as many as a task may have containers, which all have to be copied in the one day that there is. */
  async function tenImages(before: (input: unknown, steps: Steps) => Promise<void>) {
    const images = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`c${at}`, `acme/c${at}:1`]));
    const world = await createWorld(
      readWorldFile({
        services: [
          {
            cluster: "prod",
            name: "web",
            images,
            desiredCount: 1,
            circuitBreaker: "on",
            strategy: { kind: "CANARY", stepPercent: 10, stepMinutes: 30 },
            bakeTimeMinutes: 870,
          },
        ],
        registries: {
          "docker.io": {
            images: Object.fromEntries(Object.values(images).map((image) => [image, { kilobytes: 2000 }])),
            quota: { remaining: 0 },
          },
        },
      }),
    );
    const policy = readPolicy({});
    world.executions.serve("remediate", (input, steps, execution) =>
      remediate(input, world.ports, { policy, execution }, steps),
    );
    world.executions.serve("mirror", async (input, steps) => {
      await before(input, steps);
      return await mirror(input, world.ports, policy, steps);
    });
    let isFirst = true;
    world.bus.subscribe(async (document) => {
      if (document.source !== "aws.ecs" || !isFirst) return;
      isFirst = (await detect(document, world.ports, policy)).kind !== "started";
    });
    const record = () => world.executions.records.find(({ workflow }) => workflow === "remediate");
    await world.runUntil(() => record()?.endedAt !== undefined, EXECUTION_HOURS_MAX * HOUR);
    return { record: record(), outcome: record()?.result as Outcome | undefined };
  }

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, trySeconds: number, end: Partial<Outcome>])[] = [
    ["brings ten images in a day, each at the third try, and watches half a day", 2100, { outcome: "succeeded" }],
    ["has brought but some of ten images when its day is over",                   6900, { outcome: "no-substitute", reason: "time-over" }],
  ];
  for (const [title, trySeconds, expected] of table)
    test(`that ${title} stays within its bounds`, { timeout: 120_000 }, async () => {
      const tries = new Map<string, number>();
      const { record, outcome } = await tenImages(async (input, steps) => {
        const { target } = input as { target: string };
        const count = (tries.get(target) ?? 0) + 1;
        tries.set(target, count);
        await steps.wait("slow", trySeconds);
        if (count % 3 !== 0) throw new Error("a socket");
      });
      expect(outcome, outcome?.because).toMatchObject(expected);
      expectWithin(record?.log ?? []);
    });
});
