/** A substitute that could not be pulled for a while, and runs whole when the next thing about it is decided. */

import { describe, expect, it } from "vitest";
import { installRepull } from "../../src/sandbox/product.ts";
import { createWorld, type World } from "../../src/sandbox/world.ts";
import { readWorldFile } from "../../src/sandbox/world-file.ts";
import { readPolicy } from "../../src/substitution/policy.ts";
import { revisionName } from "../../src/workload/arn.ts";

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

/** Heals the service: the first plan is approved, and ECR turns its tasks away for so many minutes; the second is left. */
async function played(minutes: number): Promise<World> {
  const world = await createWorld(readWorldFile(file));
  let questions = 0;
  world.bus.subscribe(({ detail }) => {
    const { approval } = detail as { approval?: { callbackId?: string } };
    if (approval?.callbackId === undefined) return;
    questions += 1;
    if (questions === 1)
      world.executions.answer(approval.callbackId, {
        kind: "answered",
        text: JSON.stringify({ decision: "approve", by: "Ada" }),
      });
  });
  const { updateService } = world.ports.ecs;
  let writes = 0;
  Object.assign(world.ports.ecs, {
    updateService: async (...change: Parameters<typeof updateService>) => {
      writes += 1;
      if (writes === 1) {
        const as = {
          kind: "status",
          status: 429,
          code: "TOOMANYREQUESTS",
          message: "Rate exceeded",
        } as const;
        const lift = world.registries.ecr.fail({ on: "manifest-get", as });
        world.clock.schedule(world.clock.now() + minutes * 60_000, lift);
      }
      return await updateService(...change);
    },
  });
  installRepull(world, { policy: readPolicy({ mode: "approve" }) });
  const running = (): boolean => world.executions.records.length === 0 || world.executions.running();
  await world.runUntil(() => !running(), 30 * 3600);
  return world;
}

describe("a substitute whose pulls fail for five minutes", () => {
  it("is left in place when the question about another one expires twelve hours later", async () => {
    const world = await played(5);
    const [service] = world.cluster.services();
    const [primary] = service?.deployments ?? [];
    expect(revisionName(service?.taskDefinition ?? "")).toBe("web:43");
    expect(primary?.rolloutState).toBe("COMPLETED");
    expect(world.bus.outcomes.at(-1)?.outcome).toBe("settled");
  });
});
