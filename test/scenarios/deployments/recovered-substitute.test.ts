/** A substitute that could not be pulled for a while, and runs whole when the next thing about it is decided. */

import { describe, expect, it } from "vitest";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { installRepull } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";

const MINUTES = 60_000;
const HOURS = 60 * MINUTES;
const file = {
  services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 1 }],
  registries: {
    "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } },
    ecr: { images: { "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
    "public.ecr.aws": {
      images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
    },
  },
};

/**
 * Heals the service: the first plan is approved, and ECR throttles its tasks for a while; the second is left.
 *
 * `until`: for so many minutes, or until the rollback has begun, whose first read then takes half an hour.
 */
async function played(until: number | "the rollback begins"): Promise<World> {
  const world = await createWorld(readWorldFile(file));
  let questions = 0;
  let askedAt = Number.POSITIVE_INFINITY;
  world.bus.subscribe(({ detail }) => {
    const { approval } = detail as { approval?: { callbackId?: string } };
    if (approval?.callbackId === undefined) return;
    questions += 1;
    if (questions > 1) askedAt = world.clock.now();
    else
      world.executions.answer(approval.callbackId, {
        kind: "answered",
        text: JSON.stringify({ decision: "approve", by: "Ada" }),
      });
  });
  const { updateService, describeTaskDefinition } = world.ports.ecs;
  let writes = 0;
  let lift: (() => void) | undefined;
  Object.assign(world.ports.ecs, {
    describeTaskDefinition: async (arn: string) => {
      const hasExpired = world.clock.now() > askedAt + 11 * HOURS;
      if (hasExpired && until === "the rollback begins" && lift !== undefined) {
        lift();
        lift = undefined;
        await world.clock.sleep(30 * MINUTES);
      }
      return await describeTaskDefinition(arn);
    },
    updateService: async (...change: Parameters<typeof updateService>) => {
      writes += 1;
      if (writes === 1) {
        const as = {
          kind: "status",
          status: 429,
          code: "TOOMANYREQUESTS",
          message: "Rate exceeded",
        } as const;
        lift = world.registries.ecr.fail({ on: "manifest-get", as });
        if (typeof until === "number") world.clock.schedule(world.clock.now() + until * MINUTES, lift);
      }
      return await updateService(...change);
    },
  });
  installRepull(world, { policy: readPolicy({ mode: "approve" }) });
  const running = (): boolean => world.executions.records.length === 0 || world.executions.running();
  await world.runUntil(() => !running(), 30 * 3600);
  return world;
}

describe("a substitute that could not be pulled for a while", () => {
  for (const until of [5, "the rollback begins"] as const)
    it(`is left in place when ${typeof until === "number" ? `it runs after ${until} minutes, and twelve hours later the question about another one expires` : "it comes up whole between the first read of the rollback and its write"}`, async () => {
      const world = await played(until);
      const [service] = world.cluster.services();
      const [primary] = service?.deployments ?? [];
      expect(shortRevision(service?.taskDefinition ?? "")).toBe("web:43");
      expect(primary?.rolloutState).toBe("COMPLETED");
      expect(world.bus.outcomes.at(-1)?.outcome).toBe("succeeded");
    });
});
