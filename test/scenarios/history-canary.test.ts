/** What an execution's history keeps for weeks: nothing of a task definition, of a task's overrides, or of others' tags. */

import { describe, expect, test } from "vitest";
import { readEvent } from "../../src/ecs-events/read-event.ts";
import { remediate } from "../../src/remediation/workflow/remediate.ts";
import { runInProcess, type StepRecord } from "../../src/runtime/in-process-steps.ts";
import { serveWorkflows } from "../../src/sandbox/install-repull.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../support/policy.ts";
import { firstFailure } from "../support/scenario.ts";

const CANARY = "canary-7c1e0b";

/** A definition in which every value that is neither a name nor an image is a canary, members of tomorrow too. */
const definition = (image: string) => ({
  family: "web",
  containerDefinitions: [
    {
      name: "web",
      image,
      command: [CANARY],
      entryPoint: [CANARY],
      environment: [{ name: "TOKEN", value: CANARY }],
      environmentFiles: [{ type: "s3", value: CANARY }],
      secrets: [{ name: "PASSWORD", valueFrom: CANARY }],
      dockerLabels: { team: CANARY },
      logConfiguration: { logDriver: "splunk", options: { "splunk-token": CANARY } },
      healthCheck: { command: ["CMD-SHELL", CANARY] },
      workingDirectory: CANARY,
      memberOfTomorrow: { deep: [CANARY] },
    },
  ],
  volumes: [{ name: "data", host: { sourcePath: CANARY } }],
  proxyConfiguration: { type: "APPMESH", containerName: "web", properties: [{ name: "a", value: CANARY }] },
  executionRoleArn: "arn:aws:iam::123456789012:role/pull",
  tags: [{ key: "contact", value: CANARY }],
});

const registries = {
  "docker.io": { images: { "acme/web:1": {}, "acme/other:1": {} }, quota: { remaining: 0 } },
};
const base = { cluster: "prod", name: "web", desiredCount: 1, tags: { contact: CANARY } };

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [when: string, world: object, policy: object])[] = [
  ["a copy is made and deployed",      { services: [{ ...base, taskDefinition: definition("acme/web:1") }], registries },                                                {}],
  ["nothing but a report is wanted",   { services: [{ ...base, taskDefinition: definition("acme/web:1") }], registries },                                                { mode: "observe" }],
  ["there is no substitute",           { services: [{ ...base, taskDefinition: definition("acme/web:1") }], registries },                                                { strategies: ["ecr-public"], waitForLimit: false }],
];

describe("the history of a remediation", () => {
  for (const [when, world, policy] of table) {
    test(`holds no value of the workload where ${when}`, async () => {
      const log: StepRecord[] = [];
      const played = await createWorld(readWorldFile(world));
      const read = readPolicy(policy);
      serveWorkflows(played, { policy: read });
      const event = await firstFailure(played);
      expect(readEvent(event, played.home).kind).toBe("pull-failure");
      let ended: unknown;
      played.clock.schedule(played.clock.now(), async () => {
        ended = await runInProcess(
          (steps) => remediate(event, played.ports, { policy: read, execution: "r-1-1" }, steps),
          { clock: played.clock, log },
        );
      });
      await played.runUntil(() => ended !== undefined, 24 * 3600);
      const described = await played.ports.ecs.describeTaskDefinition("web:1");
      expect(JSON.stringify(described)).toContain(CANARY);
      expect(log.length).toBeGreaterThan(2);
      for (const record of log) expect(JSON.stringify(record), record.name).not.toContain(CANARY);
      expect(JSON.stringify([ended, played.bus.outcomes])).not.toContain(CANARY);
    });
  }
});

describe("an observation", () => {
  test("of ten containers is at most 32 KiB where images are surveyed, and 4 KiB where a rollout is polled", async () => {
    const images = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`c${at}`, `acme/c${at}:1`]));
    const hub = Object.fromEntries(Object.values(images).map((image) => [image, {}]));
    const world = await createWorld(
      readWorldFile({
        services: [{ cluster: "prod", name: "web", images, desiredCount: 2 }],
        registries: { "docker.io": { images: hub, quota: { remaining: 0 } } },
      }),
    );
    const policy = readPolicy({});
    serveWorkflows(world, { policy });
    const event = await firstFailure(world);
    const log: StepRecord[] = [];
    let ended: unknown;
    world.clock.schedule(world.clock.now(), async () => {
      ended = await runInProcess(
        (steps) => remediate(event, world.ports, { policy, execution: "r-1-1" }, steps),
        { clock: world.clock, log },
      );
    });
    await world.runUntil(() => ended !== undefined, 24 * 3600);
    const largest = (prefix: string): number =>
      Math.max(...log.filter(({ name }) => name.startsWith(prefix)).map((one) => JSON.stringify(one).length));
    expect(largest("observe failure")).toBeLessThan(32 * 1024);
    expect(largest("observe rollout")).toBeLessThan(4 * 1024);
  });
});
