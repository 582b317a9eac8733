/** Services that no event reported, or not in time: the sweep finds them, and they are healed as by an event. */

import { describe, expect, it } from "vitest";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import type { SweepReport } from "../../../src/remediation/detect/sweep.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import type { Mode } from "../../../src/substitution/policy/policy.ts";
import { readPolicy } from "../../support/policy.ts";
import { sweepEachPeriod } from "../../support/sweeps.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const service = (more: object = {}) => ({
  cluster: "prod",
  name: "web",
  image: "acme/web:1",
  revision: 42,
  desiredCount: 1,
  ...more,
});

/** The limit is Docker Hub's, for the tasks alone, and it lasts: others behind their address pull whatever is granted. */
async function limited(...services: readonly object[]): Promise<World> {
  const quota = { remaining: 0, remainingForRepull: 100 };
  const registries = { "docker.io": { images: { "acme/web:1": {} }, quota } };
  const file = { services: services.length === 0 ? [service()] : services, registries };
  const world = await createWorld(readWorldFile(file));
  const spend = (): void => {
    const source = { address: world.addresses.tasks };
    const left = world.registries.dockerHub.pullsLeft(source) ?? 0;
    if (left > 0) world.registries.dockerHub.spend(source, left);
    world.clock.schedule(world.clock.now() + 60_000, spend);
  };
  spend();
  return world;
}

/** The same, where no place has the image for Repull either. */
async function hopeless(): Promise<World> {
  const registries = { "docker.io": { images: { "acme/web:1": {} }, trouble: "abuse-limit" } };
  return await createWorld(readWorldFile({ services: [service()], registries }));
}

async function runs(world: World, cluster = "prod"): Promise<string> {
  const found = await world.ports.ecs.describeService(cluster, "web");
  return `${shortRevision(found?.taskDefinition ?? "")} × ${found?.runningCount}`;
}

const remediations = (world: World) =>
  world.executions.records.filter(({ workflow }) => workflow === "remediate");
const started = (reports: readonly SweepReport[]) =>
  reports.flatMap(({ detected }) => detected.filter(({ kind }) => kind === "started")).length;

/** Events reach detect, as long as they do. */
function listen(world: World, mode: () => Mode): () => void {
  return world.bus.subscribe(async (document) => {
    if (document.source === "aws.ecs") await detect(document, world.ports, readPolicy({ mode: mode() }));
  });
}

describe("a sweep", () => {
  // biome-ignore format: a table is read by its columns
  const breakers = [["a service that tries on", "off"], ["a deployment that its circuit breaker ended", "on"]] as const;
  for (const [what, circuitBreaker] of breakers) {
    it(`heals ${what} when every event was lost`, async () => {
      const world = await limited(service({ circuitBreaker }));
      const policy = readPolicy({});
      serveWorkflows(world, { policy });
      const reports = sweepEachPeriod(world, { policy: () => policy });
      await world.run(HOUR);
      expect(await runs(world)).toBe("web:43 × 1");
      expect([remediations(world).length, started(reports)]).toEqual([1, 1]);
    });

    it(`heals ${what} within two periods when writes are allowed again after a night`, async () => {
      const world = await limited(service({ circuitBreaker }));
      let word: string | undefined = "paused by Ada";
      const killSwitch = { activeReason: async () => word };
      const policy = readPolicy({});
      serveWorkflows(world, { policy, killSwitch });
      listen(world, () => "remediate");
      sweepEachPeriod(world, { policy: () => policy, killSwitch });
      // ECS shows stopped tasks for an hour: a deployment that tries no more is found within it.
      await world.run(circuitBreaker === "on" ? HOUR / 2 : 12 * HOUR);
      expect(await runs(world)).toBe("web:42 × 0");
      word = undefined;
      await world.run(HOUR / 2 + 600);
      expect(await runs(world)).toBe("web:43 × 1");
    });
  }

  it("heals what was observed for a week when the mode is remediate", async () => {
    const world = await limited();
    let mode: Mode = "observe";
    const policy = () => readPolicy({ mode });
    serveWorkflows(world, { policy: policy() });
    listen(world, () => mode);
    sweepEachPeriod(world, { policy });
    await world.run(WEEK);
    expect(await runs(world)).toBe("web:42 × 0");
    expect(remediations(world)).toHaveLength(8);
    mode = "remediate";
    serveWorkflows(world, { policy: policy() });
    await world.run(HOUR / 2 + 600);
    expect(await runs(world)).toBe("web:43 × 1");
  });

  it("starts services of one name in two clusters apart", async () => {
    const world = await limited(
      service(),
      service({ cluster: "stage", sharesRevisionWith: undefined, family: "stage-web" }),
    );
    const policy = readPolicy({});
    serveWorkflows(world, { policy });
    sweepEachPeriod(world, { policy: () => policy });
    await world.run(2 * HOUR);
    expect([await runs(world, "prod"), await runs(world, "stage")]).toEqual([
      "web:43 × 1",
      "stage-web:43 × 1",
    ]);
    expect(remediations(world)).toHaveLength(2);
  });

  // biome-ignore format: a table is read by its columns
  const outside = [
    ["the stack is for other clusters",    {},                                    (name: string) => name !== "prod"],
    ["the policy excludes the cluster",    { scope: { clusters: { exclude: ["prod"] } } },   () => true],
    ["the policy excludes the service",    { scope: { services: { exclude: ["web"] } } },    () => true],
  ] as const;
  for (const [when, scope, isOurCluster] of outside) {
    it(`starts nothing when ${when}`, async () => {
      const world = await limited();
      const policy = readPolicy(scope);
      serveWorkflows(world, { policy });
      const reports = sweepEachPeriod(world, { policy: () => policy, isOurCluster });
      await world.run(HOUR);
      expect([remediations(world).length, reports.length]).toEqual([0, 4]);
    });
  }

  it("starts nothing more when an event has had the service healed and ECS still shows the failed tasks", async () => {
    const world = await limited(service({ desiredCount: 4 }));
    const policy = readPolicy({});
    serveWorkflows(world, { policy });
    listen(world, () => "remediate");
    const reports = sweepEachPeriod(world, { policy: () => policy });
    await world.run(3 * HOUR);
    expect(await runs(world)).toBe("web:43 × 4");
    expect([remediations(world).length, started(reports)]).toEqual([1, 0]);
  });

  // biome-ignore format: a table is read by its columns
  const weeks = [
    ["no substitute exists",       hopeless, {},                   "remediate"],
    ["writes are paused",          limited,  { isPaused: true },   "remediate"],
  ] as const;
  for (const [when, makeWorld, { isPaused = false }, mode] of weeks as readonly (readonly [
    string,
    () => Promise<World>,
    { isPaused?: boolean },
    Mode,
  ])[]) {
    it(`starts a service 8 times in a week when ${when}, by events and sweeps together`, async () => {
      const world = await makeWorld();
      const policy = readPolicy({ mode });
      const killSwitch = { activeReason: async () => (isPaused ? "paused" : undefined) };
      serveWorkflows(world, { policy, killSwitch });
      listen(world, () => mode);
      sweepEachPeriod(world, { policy: () => policy, killSwitch });
      await world.run(WEEK);
      expect(remediations(world)).toHaveLength(8);
    });
  }
});
