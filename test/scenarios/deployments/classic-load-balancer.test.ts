/** Services behind a Classic Load Balancer: ECS reports no rollout state of their deployments, so their tasks decide. */

import { describe, expect, it } from "vitest";
import { remediate } from "../../../src/remediation/workflow/remediate.ts";
import { runInProcess } from "../../../src/runtime/in-process-steps.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";
import { ENGINES, firstFailure, inOfficialEnvironment, play, stateOf } from "../../support/scenario.ts";

const SUBSTITUTE = /^public\.ecr\.aws\/docker\/library\/nginx@sha256:/;
const HOURS_OF_THE_LIMIT = 6;

const world = (extra: object = {}) => ({
  services: [
    {
      cluster: "prod",
      name: "web",
      image: "nginx:1.25",
      revision: 42,
      desiredCount: 2,
      behindClassicLoadBalancer: true,
      ...extra,
    },
  ],
  registries: {
    "docker.io": {
      images: { "library/nginx:1.25": {}, "library/nginx:1.24": {} },
      quota: { remaining: 0 },
    },
    "public.ecr.aws": {
      images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
    },
  },
});

describe("a service behind a Classic Load Balancer", () => {
  inOfficialEnvironment();
  for (const engine of ENGINES) {
    it(`is healed, and counts as settled when all of its tasks run, on the engine ${engine}`, async () => {
      const { world: after, outcome } = await play({ world: world() }, engine);
      expect(outcome.outcome).toBe("succeeded");
      const { images, running } = await stateOf(after, "prod", "web");
      expect(images[0]).toMatch(SUBSTITUTE);
      expect(running).toBe(2);
    });
  }

  it("counts as settled only when the tasks of the former revision are gone", async () => {
    const { world: after, outcome } = await play({ world: world({ formerly: "nginx:1.24" }) });
    expect(outcome.outcome).toBe("succeeded");
    expect((await stateOf(after, "prod", "web")).service.deployments).toHaveLength(1);
  });

  it("is reported, and not redeployed, when its deployment is under way and the policy says report", async () => {
    const policy = { onActiveDeployment: "report" } as const;
    const { world: after, outcome } = await play({ world: world({ formerly: "nginx:1.24" }), policy });
    expect(outcome.outcome).toBe("dry-run");
    expect((await stateOf(after, "prod", "web")).images).toEqual(["nginx:1.25"]);
  });

  it("is left alone when it has recovered by itself", async () => {
    const now = await createWorld(readWorldFile(world()));
    const event = await firstFailure(now);
    await now.clock.advanceTo(now.clock.now() + (HOURS_OF_THE_LIMIT + 1) * 3_600_000);
    expect((await stateOf(now, "prod", "web")).running).toBe(2);
    const outcome = await runInProcess(
      (steps) => remediate(event, now.ports, { policy: DEFAULT_POLICY, execution: "r-late-1" }, steps),
      { clock: now.clock },
    );
    expect(outcome.outcome).toBe("ignored");
    expect((await stateOf(now, "prod", "web")).images).toEqual(["nginx:1.25"]);
  });
});
