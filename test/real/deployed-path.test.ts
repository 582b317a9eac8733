/**
 * From an SQS message to a service that runs again, on AWS's own programs: the bundles as built under Lambda's emulator and
 * runtime client, their executions on the durable functions local runner, ECS with rollouts that move behind one address.
 */

import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/runtime/json.ts";
import { type Moto, startMoto } from "../support/aws/moto.ts";
import {
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  type EmulatedStackOptions,
  startEmulatedStack,
} from "../support/emulated/emulated-stack.ts";
import { firstFailure } from "../support/scenario.ts";

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto(EMULATOR_ACCOUNT);
}, 60_000);
afterAll(() => moto?.stop());

const running: EmulatedStack[] = [];
afterEach(async () => {
  for (const stack of running.splice(0)) {
    expect(stack.door.broken).toEqual([]);
    await stack.stop();
  }
});

/** A sample world in the emulator's account. */
async function sampleWorld(name: string): Promise<JsonObject> {
  const text = await readFile(new URL(`../../events/worlds/${name}.json`, import.meta.url), "utf8");
  return JSON.parse(text.replaceAll("123456789012", EMULATOR_ACCOUNT)) as JsonObject;
}

async function failed(
  world: string,
  options: EmulatedStackOptions = {},
): Promise<{ stack: EmulatedStack; event: string }> {
  const stack = await startEmulatedStack(await sampleWorld(world), moto, options);
  running.push(stack);
  return { stack, event: JSON.stringify(await firstFailure(stack.world)) };
}

describe("an event on AWS's own programs", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // world                     outcome         copies
    ["fargate-service",          "succeeded",    0],
    ["multi-container",          "succeeded",    1],
    ["fargate-service.crash",    "rolled-back",  0],
    ["code-deploy-service",      "not-eligible", 0],
  ] as const;
  for (const [world, outcome, copies] of table)
    it(`ends as ${outcome} in the world ${world}`, async () => {
      const { stack, event } = await failed(world);
      expect(await stack.deliver(event)).toEqual({ status: 200, body: '{"batchItemFailures":[]}' });
      await stack.settle();
      expect(
        stack.world.bus.outcomes.map((one) => one.outcome),
        stack.log(),
      ).toEqual([outcome]);
      expect(stack.executions.all.filter(({ functionName }) => functionName.endsWith("mirror"))).toHaveLength(
        copies,
      );
    }, 120_000);
});
