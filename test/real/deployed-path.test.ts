/**
 * From an SQS message to a service that runs again, on AWS's own programs: the bundles as built under Lambda's emulator and
 * runtime client, their executions on the durable functions local runner, ECS with rollouts that move behind one address.
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/runtime/json.ts";
import {
  EMULATOR_ACCOUNT,
  type EmulatedStack,
  type EmulatedStackOptions,
  startEmulatedStack,
} from "../support/emulated/emulated-stack.ts";
import { missingProgram } from "../support/emulated/programs.ts";
import { firstFailure } from "../support/scenario.ts";

const run = promisify(execFile);
const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const missing = missingProgram();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

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

async function started(file: JsonObject, options: EmulatedStackOptions = {}): Promise<EmulatedStack> {
  const stack = await startEmulatedStack(file, options);
  running.push(stack);
  return stack;
}

/** The events of the first failed task of each of these services. */
async function failuresOf({ world }: EmulatedStack, services: readonly string[]): Promise<readonly string[]> {
  const failureOf = (service: string) =>
    world.bus.published.find((document) => {
      const detail = document.detail as JsonObject;
      return detail.group === `service:${service}` && detail.stopCode === "TaskFailedToStart";
    });
  expect(await world.runUntil(() => services.every((one) => failureOf(one) !== undefined), 3600)).toBe(true);
  return services.map((one) => JSON.stringify(failureOf(one)));
}

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 100) {
    if (waited > 60_000) throw new Error("it did not come");
    await delay(100);
  }
}

async function failed(
  world: string,
  options: EmulatedStackOptions = {},
): Promise<{ stack: EmulatedStack; event: string }> {
  const stack = await started(await sampleWorld(world), options);
  return { stack, event: JSON.stringify(await firstFailure(stack.world)) };
}

describe("an event on AWS's own programs", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // world                     outcome         copies
    ["fargate-service",          "succeeded",    0],
    ["multi-container",          "succeeded",    1],
    ["fargate-service.crash",    "rolled-back",  0],
    ["ec2-service",              "succeeded",    0],
    ["authenticated-limit",      "succeeded",    0],
    ["vanity-host",              "succeeded",    1],
    ["govcloud",                 "succeeded",    0],
    ["code-deploy-service",      "not-eligible", 0],
    ["deprovisioning.opted-out", "not-eligible", 0],
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

  it("goes to the next place when tasks cannot pull from the first", async () => {
    const file = await sampleWorld("fargate-service");
    const { "public.ecr.aws": first, ...others } = file.registries as Record<string, JsonObject>;
    const stack = await started({
      ...file,
      registries: { ...others, "public.ecr.aws": { ...first, trouble: "silent", troubleFor: "tasks" } },
    });
    await stack.deliver(JSON.stringify(await firstFailure(stack.world)));
    await stack.settle(240);
    expect(stack.world.bus.outcomes, stack.log()).toMatchObject([
      { outcome: "succeeded", images: [{ substitute: expect.stringMatching(/^012345678912\.dkr\.ecr\./) }] },
    ]);
    expect(stack.door.calls.filter((call) => call === "ecs:UpdateService 200")).toHaveLength(2);
  }, 300_000);

  it("starts one execution for an event that SQS brings twice, and none for what is not a limit", async () => {
    const { stack, event } = await failed("fargate-service");
    const document = JSON.parse(event) as { detail: { containers: { reason?: string }[] } };
    for (const container of document.detail.containers)
      container.reason = "OutOfMemoryError: Container killed due to memory usage";
    await stack.deliver(event, event, JSON.stringify(document));
    await stack.deliver(event);
    await stack.settle();
    expect(stack.executions.all).toHaveLength(1);
    expect(stack.world.bus.outcomes).toHaveLength(1);
  }, 120_000);

  it("brings an event near the size that EventBridge takes through every program", async () => {
    const { stack, event } = await failed("fargate-service");
    const document = JSON.parse(event) as { detail: { containers: JsonObject[] } };
    const padding = {
      name: "sidecar",
      image: "busybox:1",
      lastStatus: "STOPPED",
      reason: "x".repeat(20_000),
    };
    for (let index = 0; index < 11; index += 1) document.detail.containers.push({ ...padding });
    const large = JSON.stringify(document);
    expect(Buffer.byteLength(large)).toBeGreaterThan(220_000);
    await stack.deliver(large);
    await stack.settle();
    expect(stack.world.bus.outcomes, stack.log()).toMatchObject([{ outcome: "succeeded" }]);
  }, 120_000);

  it("ends as quota-exceeded when another remediation of the hour has used the quota", async () => {
    const file = await sampleWorld("fargate-service");
    const [web] = file.services as JsonObject[];
    const second = { ...web, name: "api", deploymentId: "ecs-svc/4613718211345029978" };
    const policy = { quotas: { remediationsPerHour: 1 }, waitForLimit: false };
    const stack = await started({ ...file, services: [web ?? {}, second] }, { policy });
    const events = await failuresOf(stack, ["web", "api"]);
    for (const event of events) {
      await stack.deliver(event);
      await stack.settle();
    }
    // The first to exceed the quota of an hour reports it, and each reports its own end.
    const told = stack.world.bus.outcomes.map(({ outcome }) => outcome);
    expect(told).toEqual(["succeeded", "quota-exceeded", "quota-exceeded"]);
    expect(stack.door.calls.filter((call) => call === "ecs:UpdateService 200")).toHaveLength(1);
  }, 240_000);
});

describe("a process that the kernel kills", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    // function     between the effect of this step and its record
    ["remediate",   "observe failure 1"],
    ["remediate",   "register 2"],
    ["remediate",   "start 3"],
    ["remediate",   "observe rollout 4"],
    ["mirror",      "repository"],
    ["mirror",      "manifests"],
    ["mirror",      "copy 1"],
  ] as const;
  for (const [name, step] of table)
    it(`leaves a service healed by one revision when ${name} dies after ${step}`, async () => {
      const { stack, event } = await failed(name === "mirror" ? "multi-container" : "fargate-service");
      let deaths = 0;
      let diedAt: number | undefined;
      let livesAt: number | undefined;
      stack.onCall = async ({ operation, body, execution }) => {
        if (deaths > 0 && execution?.functionName.endsWith(name)) livesAt ??= stack.world.clock.now();
        if (deaths > 0 || !execution?.functionName.endsWith(name) || !operation.endsWith("/checkpoint"))
          return undefined;
        const { Updates = [] } = JSON.parse(body) as { Updates?: { Name?: string; Action: string }[] };
        if (!Updates.some(({ Name, Action }) => Name === step && Action === "SUCCEED")) return undefined;
        deaths += 1;
        diedAt = stack.world.clock.now();
        await (await stack.functionOf(name)).killRuntime();
        return { status: 500, body: "{}" };
      };
      await stack.deliver(event);
      await stack.settle();
      expect(deaths).toBe(1);
      // The runner waits for seconds of real time before it invokes again: hours of the world must not pass meanwhile.
      expect(livesAt).toBe(diedAt);
      expect(stack.world.bus.outcomes, stack.log()).toMatchObject([{ outcome: "succeeded" }]);
      expect(stack.door.calls.filter((call) => call === "ecs:RegisterTaskDefinition 200")).toHaveLength(1);
    }, 120_000);

  // biome-ignore format: a table is read by its columns
  const moments = [
    ["dockerHub", "manifest-head"],
    ["dockerHub", "blob-get"],
    ["ecr",       "upload-start"],
    ["ecr",       "upload-put"],
    ["ecr",       "manifest-put"],
  ] as const;
  let undisturbed: ReturnType<typeof copied> | undefined;
  for (const [registry, kind] of moments)
    it(`costs no pull at the source when mirror dies at the first ${kind} of ${registry}`, async () => {
      undisturbed ??= copied();
      const disturbed = await copied([registry, kind]);
      expect(disturbed.kills).toBe(1);
      expect(disturbed.pulls).toBe((await undisturbed).pulls);
    }, 300_000);

  /** Kills `mirror` at its first request of this kind; answers what was pulled at Docker Hub, and how often it died. */
  async function copied(
    moment?: readonly ["dockerHub" | "ecr", string],
  ): Promise<{ pulls: number; kills: number }> {
    const { stack, event } = await failed("multi-container");
    const { dockerHub } = stack.world.registries;
    const quota = () => dockerHub.pullsLeft({ address: stack.world.addresses.repull }) ?? 0;
    const had = quota();
    let kills = 0;
    if (moment !== undefined) {
      const [name, kind] = moment;
      const registry = stack.world.registries[name];
      const handle = registry.handle.bind(registry);
      const seen = () => (registry.requests() as Readonly<Record<string, number>>)[kind] ?? 0;
      const isCopying = () =>
        stack.executions.all.some(({ functionName }) => functionName.endsWith("mirror"));
      registry.handle = async (request, address) => {
        const before = seen();
        const answer = await handle(request, address);
        if (kills > 0 || seen() === before || !isCopying()) return answer;
        kills += 1;
        await (await stack.functionOf("mirror")).killRuntime();
        return answer;
      };
    }
    await stack.deliver(event);
    await stack.settle(240);
    expect(stack.world.bus.outcomes, stack.log()).toMatchObject([{ outcome: "succeeded" }]);
    return { pulls: had - quota(), kills };
  }
});

describe("a plan that waits for an answer", () => {
  it("is written once repull approve has answered its callback", async () => {
    const { stack, event } = await failed("fargate-service", {
      policy: { mode: "approve" },
      skipsTime: false,
    });
    await stack.deliver(event);
    const name = stack.executions.all[0]?.name ?? "";
    await until(() => stack.world.bus.outcomes.some(({ outcome }) => outcome === "awaiting-approval"));
    const { stdout } = await run(
      process.execPath,
      [CLI, "approve", name, "--stack", stack.stackName, "--json"],
      { env: { ...process.env, ...stack.environment } },
    );
    expect(JSON.parse(stdout.split("\n")[0] ?? "")).toMatchObject({ type: "approval" });
    await stack.settle(240);
    expect(stack.world.bus.outcomes.map(({ outcome }) => outcome)).toEqual([
      "awaiting-approval",
      "succeeded",
    ]);
  }, 300_000);
});
