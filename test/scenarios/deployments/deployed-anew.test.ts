/** A person deploys the revision of Repull's anew, at the moment at which Repull would go back from it. */

import { describe, expect, it } from "vitest";
import { detect } from "../../../src/remediation/detect/detect.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { remediate } from "../../../src/remediation/workflow/remediate.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const POLICY = readPolicy({});
const HOURS = 3600;

/** The only substitute is a copy in ECR, which crashes. */
async function crashingSubstitute(): Promise<World> {
  const crashing = { platforms: ["linux/amd64"], exits: 1 };
  return await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 1 }],
      registries: {
        "docker.io": { images: { "library/nginx:1.25": crashing }, quota: { remaining: 0 } },
        ecr: {
          images: {
            "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25", exits: 1 },
          },
        },
      },
    }),
  );
}

describe("a deployment of the failing substitute that another caller starts before Repull goes back", () => {
  it("stays in place, and the outcome names it", async () => {
    const world = await crashingSubstitute();
    let anew: string | undefined;
    world.executions.serve("remediate", (input, steps, execution) =>
      remediate(
        input,
        world.ports,
        { policy: POLICY, execution },
        {
          ...steps,
          step: (name, run, options) =>
            steps.step(
              name,
              () => {
                if (name.startsWith("undo") && anew === undefined) {
                  world.cluster.changeService("prod", "web", { forceNewDeployment: true });
                  anew = world.cluster.service("prod", "web")?.deployments[0]?.id;
                }
                return run();
              },
              options,
            ),
        },
      ),
    );
    await detect(await firstFailure(world), world.ports, POLICY);
    await world.runUntil(() => !world.executions.running(), 12 * HOURS);
    const outcome = world.executions.records[0]?.result as Outcome | undefined;
    const service = world.cluster.service("prod", "web");
    expect(anew).toBeDefined();
    expect(service?.deployments[0]?.id).toBe(anew);
    expect(outcome?.outcome).toBe("superseded");
    expect(outcome?.because).toContain(anew);
  });
});
