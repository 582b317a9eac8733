/**
 * The storm of `npm run bench -- storm`, small: what it counts, counted again from the front door's log, and its bounds. The
 * whole one takes minutes (docs/bench.md); this one keeps its parts working.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { detectStorm } from "../../bench/storm/detect-storm.ts";
import { recount } from "../../bench/storm/recount.ts";
import { remediationStorm } from "../../bench/storm/remediation-storm.ts";
import { runnerStorm } from "../../bench/storm/runner-storm.ts";
import { copiedImagesOf } from "../../bench/storm/storm-world.ts";
import { missingProgram } from "../support/emulated/programs.ts";

const missing = missingProgram();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

const EVENTS = 400;
const SERVICES = 20;
const ECS_CALLS_MAX = 20;
const POLL_SECONDS_MIN = 30;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-storm-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a storm of events", () => {
  it("starts one execution for each deployment, whatever comes twice and in what order", async () => {
    const log = join(folder, "detect.ndjson");
    const found = await detectStorm({ events: EVENTS, deployments: SERVICES }, log);
    expect(found).toMatchObject({ events: EVENTS, starts: SERVICES, failures: 0 });
    expect(found.doubles).toBeGreaterThan(EVENTS / 10);
    expect(await recount(log)).toMatchObject({ starts: SERVICES, calls: found.callsToAws });
  });
});

describe("a storm of events in an account that fails", () => {
  it("starts one execution for each deployment when calls are refused, throttled and lost, and SQS delivers again", async () => {
    const log = join(folder, "detect-with-faults.ndjson");
    const found = await detectStorm({ events: EVENTS, deployments: SERVICES, hasFaults: true }, log);
    expect(found).toMatchObject({ events: EVENTS, starts: SERVICES });
    expect(found.failures).toBeGreaterThan(0);
    expect(await recount(log)).toMatchObject({ starts: SERVICES });
  });
});

describe("a storm of remediations", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["in process, in modelled time",                                  remediationStorm],
    ["as built, under Lambda's emulator and the local runner",        runnerStorm],
  ] as const;
  for (const [where, storm] of table)
    it(`heals each service once and copies each image once, within ECS's rates: ${where}`, async () => {
      const log = join(folder, `${storm.name}.ndjson`);
      const found = await storm(SERVICES, log);
      const again = await recount(log);
      const copies = copiedImagesOf(SERVICES);
      expect(found).toMatchObject({ executions: SERVICES, outcomes: { succeeded: SERVICES }, copies });
      expect(again).toMatchObject({ updated: SERVICES, registered: SERVICES, copiedImages: copies });
      expect(again.ecsCallsAboveRates).toEqual({});
      expect(again.ecsCallsUntilUpdate.p99).toBeLessThanOrEqual(ECS_CALLS_MAX);
      expect(again.pollSecondsMin ?? POLL_SECONDS_MIN).toBeGreaterThanOrEqual(POLL_SECONDS_MIN);
      if ("broken" in found) {
        expect(found.broken).toEqual([]);
        expect(again.copiesStarted).toBe(copies);
        expect(again.operationsMax).toBe(found.operationsMax);
        expect(again.checkpointBytesMax).toBe(found.checkpointBytesMax);
      }
    });
});
