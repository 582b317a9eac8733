/** The rollback to a revision that was deregistered meanwhile: one copy of it, whatever becomes of the process. */

import { describe, expect, it } from "vitest";
import { parseTags } from "../../../src/ecs/task-definition/provenance-tags.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const HOURS = 3600;
const POLICY = readPolicy({});

/** The substitute starts and crashes, and Terraform has deregistered the former revision by then. */
async function crashingSubstitute(): Promise<World> {
  const world = await createWorld(
    readWorldFile({
      services: [{ cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 1 }],
      registries: {
        "docker.io": {
          images: { "library/nginx:1.25": { platforms: ["linux/amd64"], exits: 1 } },
          quota: { remaining: 0 },
        },
        ecr: {
          images: {
            "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25", exits: 1 },
          },
        },
      },
    }),
  );
  serveWorkflows(world, { policy: POLICY });
  await detect(await firstFailure(world), world.ports, POLICY);
  const revision = () => world.cluster.service("prod", "web")?.taskDefinition;
  await world.runUntil(() => revision()?.endsWith(":43") === true, HOURS);
  world.definitions.deregister("web:42");
  return world;
}

const copies = (world: World) =>
  world.definitions
    .newest("web", 100)
    .filter(
      ({ tags }) => parseTags(tags)?.previousRevision === "web:42" && parseTags(tags)?.images.length === 0,
    );

describe("the rollback to an INACTIVE revision", () => {
  const dying = (world: World, moment: string): void => {
    let died = false;
    world.executions.dies(({ name, when }) => {
      if (died || when !== moment || !name.startsWith("undo")) return false;
      died = true;
      return true;
    });
  };
  const table: readonly (readonly [string, (world: World) => unknown])[] = [
    ["nothing else happens", () => {}],
    ["UpdateService is throttled", ({ faults }) => faults.order("ecs:UpdateService", "throttled", 4)],
    ["UpdateService does not answer", ({ faults }) => faults.order("ecs:UpdateService", "unavailable", 3)],
    ["the process dies before the step is recorded", (world) => dying(world, "unrecorded")],
    ["the process dies after the step is recorded", (world) => dying(world, "recorded")],
    [
      "the process dies, and a crowd of revisions is registered meanwhile",
      (world) => {
        let left = 30;
        world.executions.dies(({ name, when }) => {
          if (when !== "unrecorded" || !name.startsWith("undo") || left === 0) return false;
          for (; left > 0; left -= 1)
            world.definitions.register({
              family: "web",
              containerDefinitions: [{ name: "web", image: "x" }],
            });
          return true;
        });
      },
    ],
  ];
  for (const [when, happens] of table) {
    it(`registers one copy and deploys it when ${when}`, async () => {
      const world = await crashingSubstitute();
      happens(world);
      await world.runUntil(() => !world.executions.running(), 12 * HOURS);
      const [copy, ...others] = copies(world);
      expect(others).toEqual([]);
      expect(world.cluster.service("prod", "web")?.taskDefinition).toBe(copy?.arn);
      expect(world.executions.records[0]?.result as Outcome).toMatchObject({
        outcome: "rolled-back",
        restoredTaskDefinition: copy?.arn,
      });
    });
  }

  it("registers a copy of its own when one with its tags runs something else", async () => {
    const world = await crashingSubstitute();
    const execution = String(world.executions.records[0]?.name);
    const tags = [
      { key: "repull:execution", value: execution },
      { key: "repull:previous-revision", value: "web:42" },
      { key: "repull:service", value: "web" },
    ];
    const container = { name: "web", image: "nginx:1.25", essential: true, command: ["steal"] };
    const forged = world.definitions.register({ family: "web", containerDefinitions: [container], tags });
    await world.runUntil(() => !world.executions.running(), 12 * HOURS);
    const now = world.cluster.service("prod", "web")?.taskDefinition;
    expect(copies(world).map(({ arn }) => arn)).toEqual([now, forged]);
  });
});
