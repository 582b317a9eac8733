/** Only Docker Hub has the image, and it grants no more pulls: the limit period is waited out, or not. */

import { describe, expect, test } from "vitest";
import type { World } from "../../../src/sandbox/world/world.ts";
import { ENGINES, inOfficialEnvironment, play, stateOf } from "../../support/scenario.ts";

const HOUR = 3600;

/** One service; its image is at Docker Hub alone, and so many seconds pass until pulls come back. */
function limited(resetsInSeconds: number, more: object = {}) {
  return {
    services: [
      { cluster: "prod", name: "web", image: "grafana/grafana:11", revision: 7, circuitBreaker: "on" },
    ],
    registries: {
      "docker.io": { images: { "grafana/grafana:11": {} }, quota: { remaining: 0, resetsInSeconds } },
    },
    repullAddress: "shared",
    ...more,
  };
}

/** Whatever comes back, another client of the address uses up at once. */
function spendForEver(world: World): void {
  const address = world.addresses.repull;
  const spend = (): void => {
    const left = world.registries.dockerHub.pullsLeft({ address }) ?? 0;
    if (left > 0) world.registries.dockerHub.spend({ address }, left);
    world.clock.schedule(world.clock.now() + 5_000, spend);
  };
  spend();
}

const told = ({ bus }: World) =>
  bus.outcomes.map(({ outcome, resumesAt }) => [outcome, resumesAt !== undefined]);

for (const engine of ENGINES) {
  describe(`a limit that only its window's end can cure, on the ${engine} engine`, () => {
    if (engine === "official") inOfficialEnvironment();

    test("is reported at once, waited out without a pull, and healed from", async () => {
      const { world, outcome, event } = await play({ world: limited(2 * HOUR) }, engine);
      expect(outcome.outcome, outcome.because).toBe("succeeded");
      const [ahead] = world.bus.outcomes;
      expect(ahead).toMatchObject({
        outcome: "no-substitute",
        reason: "no-proof",
        nextSteps: expect.arrayContaining([expect.stringMatching(/mirror docker\.io\/grafana/)]),
      });
      const failedAt = Date.parse(String(event.time));
      const latest = Date.parse(String(ahead?.resumesAt));
      expect(latest - failedAt).toBeGreaterThanOrEqual(6 * HOUR * 1000);
      expect(latest - failedAt).toBeLessThan(6.5 * HOUR * 1000);
      const { images, running } = await stateOf(world, "prod", "web");
      expect(images[0]).toContain("/repull/docker.io/grafana/grafana@sha256:");
      expect(running).toBe(1);
      // A look every quarter of an hour: not long after the window's end.
      expect((world.clock.now() - failedAt) / 1000).toBeLessThan(2 * HOUR + 1800);
    });
  });
}

describe("a limit that only its window's end can cure", () => {
  test("is given up after six hours where others use up every window", async () => {
    const scenario = { world: limited(HOUR), meanwhile: spendForEver };
    const { world, outcome, event } = await play(scenario);
    expect(outcome.outcome).toBe("no-substitute");
    expect(outcome.resumesAt).toBeUndefined();
    expect(told(world)).toEqual([
      ["no-substitute", true],
      ["no-substitute", false],
    ]);
    const hours = (world.clock.now() - Date.parse(String(event.time))) / HOUR / 1000;
    expect(hours).toBeGreaterThan(6);
    expect(hours).toBeLessThan(7);
  });

  test("is not waited out where the policy does not want it", async () => {
    const { world, outcome } = await play({ world: limited(HOUR), policy: { waitForLimit: false } });
    expect(outcome.outcome).toBe("no-substitute");
    expect(told(world)).toEqual([["no-substitute", false]]);
  });

  test("is not waited for where nothing may be written", async () => {
    const { world, outcome } = await play({ world: limited(HOUR), policy: { mode: "observe" } });
    expect(outcome.outcome).toBe("no-substitute");
    expect(told(world)).toEqual([["no-substitute", false]]);
  });

  test("ends within a quarter of an hour where another revision is deployed", async () => {
    const meanwhile = (world: World): void => {
      world.clock.schedule(world.clock.now() + HOUR * 1000, () => {
        const described = world.definitions.newest("web", 1)[0];
        const revised = { ...world.definitions.describe(described?.arn ?? "")?.taskDefinition };
        world.cluster.updateService("prod", "web", world.definitions.register({ ...revised, family: "web" }));
      });
    };
    const { world, outcome, event } = await play({ world: limited(5 * HOUR), meanwhile });
    expect(outcome.outcome, outcome.because).toBe("superseded");
    expect((world.clock.now() - Date.parse(String(event.time))) / 1000).toBeLessThan(HOUR + 1800);
  });

  test("that is met in the middle of a copy is waited out as well", async () => {
    const world = limited(2 * HOUR, { repullAddress: undefined });
    const quota = { ...world.registries["docker.io"].quota, remainingForRepull: 1 };
    const hub = { ...world.registries["docker.io"], quota };
    const { repullAddress: _, ...rest } = world;
    const ended = await play({ world: { ...rest, registries: { "docker.io": hub } } });
    expect(ended.outcome.outcome, ended.outcome.because).toBe("succeeded");
    expect(told(ended.world)[0]).toEqual(["no-substitute", true]);
  });
});
