/** An account that changes or fails under the deployed functions, on AWS's own programs: what they end with, and what is left. */

import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/runtime/json.ts";
import {
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  startEmulatedStack,
} from "../support/emulated/emulated-stack.ts";
import type { DoorAnswer, DoorCall } from "../support/emulated/front-door.ts";
import { missingProgram } from "../support/emulated/programs.ts";
import { firstFailure } from "../support/scenario.ts";

const missing = missingProgram();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

let stack: EmulatedStack | undefined;
afterEach(async () => {
  expect(stack?.door.broken ?? []).toEqual([]);
  await stack?.stop();
  stack = undefined;
});

const refusal = (code: string, message: string): DoorAnswer => ({
  status: 400,
  headers: { "x-amzn-errortype": code },
  body: JSON.stringify({ __type: code, message }),
});
const GONE: DoorAnswer = {
  status: 200,
  body: '{"services":[],"failures":[{"arn":"web","reason":"MISSING"}]}',
};
const NO_SERVICE = refusal("ServiceNotFoundException", "Service not found.");
const NO_CLUSTER = refusal("ClusterNotFoundException", "Cluster not found.");
const THROTTLED = refusal("ThrottlingException", "Rate exceeded");
const FULL = refusal(
  "ProvisionedThroughputExceededException",
  "The level of configured throughput was exceeded.",
);

type Fault = (call: DoorCall, index: number) => DoorAnswer | undefined;

/** Each call of this name is answered so, from that index on. */
const from =
  (index: number, answer: DoorAnswer): Fault =>
  (_, at) =>
    at >= index ? answer : undefined;
/** Only the first calls are, as many as that. */
const first =
  (count: number, answer: DoorAnswer): Fault =>
  (_, at) =>
    at < count ? answer : undefined;

/** An event in the sample world; what ended it, and the changes that ECS took. */
async function played(
  faults: Readonly<Record<string, Fault>>,
): Promise<{ outcomes: unknown[]; writes: string[] }> {
  const text = await readFile(new URL("../../events/worlds/fargate-service.json", import.meta.url), "utf8");
  const world = JSON.parse(text.replaceAll("123456789012", EMULATOR_ACCOUNT)) as JsonObject;
  const made = await startEmulatedStack(world);
  stack = made;
  const seen = new Map<string, number>();
  made.onCall = (call) => {
    const index = seen.get(call.operation) ?? 0;
    seen.set(call.operation, index + 1);
    return faults[call.operation]?.(call, index);
  };
  await made.deliver(JSON.stringify(await firstFailure(made.world)));
  await made.settle();
  return {
    outcomes: made.world.bus.outcomes.map(({ outcome }) => outcome),
    writes: made.door.calls.filter((call) => /^ecs:(?:Register|Update).* 200$/.test(call)),
  };
}

const HEALED = ["ecs:RegisterTaskDefinition 200", "ecs:UpdateService 200"];

describe("a remediation by the deployed functions", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Readonly<Record<string, Fault>>, string, readonly string[]])[] = [
    // what happens                                              calls                                                   outcome      changes
    ["its service is deleted before the survey",                 { DescribeServices: from(0, GONE) },                    "ignored",   []],
    ["its cluster is deleted before the survey",                 { DescribeServices: from(0, NO_CLUSTER) },              "ignored",   []],
    ["its service is deleted before the change",                 { UpdateService: from(0, NO_SERVICE) },                 "failed",    HEALED.slice(0, 1)],
    ["DynamoDB throttles its first two writes",                  { UpdateItem: first(2, THROTTLED) },                    "succeeded", HEALED],
    ["the table has no throughput for a moment",                 { UpdateItem: first(2, FULL) },                         "succeeded", HEALED],
    ["ECS throttles the registration and the change once",       { RegisterTaskDefinition: first(1, THROTTLED), UpdateService: first(1, THROTTLED) }, "succeeded", HEALED],
  ];
  for (const [what, faults, outcome, writes] of table)
    it(`ends as ${outcome} when ${what}`, async () => {
      expect(await played(faults), stack?.log()).toEqual({ outcomes: [outcome], writes });
    }, 120_000);
});
