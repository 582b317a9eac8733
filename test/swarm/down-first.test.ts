/** A storm over services of which some still serve by their old tasks: those that are down write to ECS first. */

import { expect, test } from "vitest";
import type { JsonObject } from "../../src/runtime/json.ts";
import { installRepull } from "../../src/sandbox/install-repull.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../support/policy.ts";

const SERVICES = 120;

test("retries sooner for throttled services without a running task", async () => {
  const world = await createWorld(
    readWorldFile({
      services: Array.from({ length: SERVICES }, (_, index) => ({
        name: `${index % 2 === 0 ? "down" : "serving"}-${index}`,
        image: "nginx:1.25",
        ...(index % 2 === 0 ? {} : { formerly: "nginx:1.24" }),
      })),
      registries: {
        "docker.io": {
          images: { "library/nginx:1.25": { kilobytes: 1 }, "library/nginx:1.24": { kilobytes: 1 } },
          quota: { remaining: 0 },
        },
        "public.ecr.aws": {
          images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
        },
      },
    }),
  );
  installRepull(world, { policy: readPolicy({}) });
  /** Family → when ECS first turned its revision away, and when it took it. */
  const refusedAt = new Map<string, number>();
  const waitedSeconds: { readonly family: string; readonly seconds: number }[] = [];
  let registered = 0;
  const { ecs } = world.ports;
  const register = ecs.registerTaskDefinition;
  Object.assign(ecs, {
    registerTaskDefinition: async (revision: JsonObject) => {
      const family = String(revision.family);
      try {
        const arn = await register(revision);
        registered += 1;
        const since = refusedAt.get(family);
        if (since !== undefined) waitedSeconds.push({ family, seconds: (world.clock.now() - since) / 1000 });
        return arn;
      } catch (error) {
        if (!refusedAt.has(family)) refusedAt.set(family, world.clock.now());
        throw error;
      }
    },
  });
  await world.run(3600);
  expect(registered).toBe(SERVICES);
  const meanOf = (kind: string): number => {
    const waits = waitedSeconds.filter(({ family }) => family.startsWith(kind));
    expect(waits.length).toBeGreaterThan(5);
    return waits.reduce((sum, { seconds }) => sum + seconds, 0) / waits.length;
  };
  expect(meanOf("down")).toBeLessThan(0.5 * meanOf("serving"));
});
