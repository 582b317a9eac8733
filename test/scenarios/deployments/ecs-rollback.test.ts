/** A substitute that does worse, on a service that ran whole before: ECS itself goes back, or the former revision is deployed. */

import { describe, expect, it } from "vitest";
import { detect } from "../../../src/remediation/detect/detect.ts";
import type { KillSwitch } from "../../../src/remediation/gates/kill-switch.ts";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import { serveWorkflows } from "../../../src/sandbox/install-repull.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readPolicy } from "../../support/policy.ts";
import { firstFailure } from "../../support/scenario.ts";

const HOURS = 3600;
const POLICY = readPolicy({});
const WEB = { cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2 };

/** @param settled the service ran whole before, and one of its tasks could not be started anew; else its deployment is the first */
async function played(
  settled: boolean,
  happens: (world: World) => unknown,
  {
    killSwitch,
    resetsInSeconds = 3600,
  }: { readonly killSwitch?: KillSwitch; readonly resetsInSeconds?: number } = {},
) {
  const world = await createWorld(
    readWorldFile({
      services: [{ ...WEB, ...(settled ? { settled } : {}) }],
      registries: {
        "docker.io": {
          images: { "library/nginx:1.25": { platforms: ["linux/amd64"], exits: 1 } },
          quota: { remaining: 0, resetsInSeconds },
        },
        ecr: {
          images: {
            "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25", exits: 1 },
          },
        },
      },
    }),
  );
  serveWorkflows(world, { policy: POLICY, ...(killSwitch === undefined ? {} : { killSwitch }) });
  await world.run(60);
  if (settled) world.cluster.stopTask("prod", world.cluster.tasks("prod")[0]?.arn ?? "", "a machine is gone");
  await detect(await firstFailure(world), world.ports, POLICY);
  happens(world);
  await world.runUntil(() => !world.executions.running(), 6 * HOURS);
  await world.run(120);
  return { world, outcome: world.executions.records[0]?.result as Outcome };
}

const revisionOf = (world: World) => world.cluster.service("prod", "web")?.taskDefinition.split("/")[1];
const byHand = (world: World) =>
  world.cluster
    .service("prod", "web")
    ?.serviceDeployments.map(({ taskDefinition }) => taskDefinition.split(":").at(-1));

describe("the rollback of a substitute that does worse", () => {
  const once =
    (action: string, kind: "denied" | "unavailable" | "conflict" | "throttled", times?: number) =>
    (world: World) =>
      void world.faults.order(action, kind, times);
  const STOP = "ecs:StopServiceDeployment";
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [when: string, settled: boolean, happens: (world: World) => unknown, by: "ecs" | "new-deployment"])[] = [
    ["its service ran whole before",                     true,  () => {},                                      "ecs"],
    ["the deployment before had not ended",              false, () => {},                                      "new-deployment"],
    ["Repull may not stop deployments",                  true,  once(STOP, "denied"),                          "new-deployment"],
    ["ECS does not stop it",                             true,  once(STOP, "conflict"),                        "new-deployment"],
    ["ECS does not answer once",                         true,  once(STOP, "unavailable", 1),                  "new-deployment"],
    ["the stories of deployments may not be read",       true,  once("ecs:DescribeServiceDeployments", "denied"), "new-deployment"],
    ["the process dies before the step is recorded",     true,  (world) => diesOnce(world, "unrecorded"),      "ecs"],
    ["the process dies after the step is recorded",      true,  (world) => diesOnce(world, "recorded"),        "ecs"],
  ];
  for (const [when, settled, happens, by] of table)
    it(`is ${by === "ecs" ? "ECS's own" : "a new deployment"} when ${when}`, async () => {
      const { world, outcome } = await played(settled, happens);
      expect(outcome).toMatchObject({
        outcome: "rolled-back",
        rollback: { by, images: [{ image: "nginx:1.25" }] },
      });
      expect(revisionOf(world)).toBe("web:42");
      expect(byHand(world)?.toReversed()).toEqual(["42", "43", ...(by === "ecs" ? [] : ["42"])]);
    });

  const moves = ({ registries }: World) =>
    seedImage(
      registries.dockerHub,
      "library/nginx",
      "1.25",
      buildImage({ name: "another nginx", platforms: ["linux/amd64"], bytes: 512 }),
    );

  it("keeps the digest that the tag had when ECS goes back", async () => {
    const { outcome } = await played(true, moves);
    const meant = outcome.images[0]?.trusted?.digest;
    expect(outcome.rollback?.images).toEqual([{ image: "nginx:1.25", digest: meant }]);
  });

  it("says to what the tag was resolved again when a new deployment goes back", async () => {
    const { world, outcome } = await played(
      true,
      (one) => {
        once(STOP, "denied")(one);
        moves(one);
      },
      { resetsInSeconds: 120 },
    );
    const [now] = world.cluster.service("prod", "web")?.deployments ?? [];
    expect(outcome.rollback?.images).toEqual([{ image: "nginx:1.25", digest: now?.resolved.get("web") }]);
    expect(now?.resolved.get("web")).not.toBe(outcome.images[0]?.trusted?.digest);
  });
});

function diesOnce(world: World, moment: string): void {
  let died = false;
  world.executions.dies(({ name, when }) => {
    if (died || when !== moment || !name.startsWith("undo")) return false;
    died = true;
    return true;
  });
}

describe("a kill switch that is set before the rollback", () => {
  it("keeps ECS from being asked to go back", async () => {
    let isSet = false;
    const killSwitch: KillSwitch = { activeReason: async () => (isSet ? "Ada: an audit" : undefined) };
    const { world, outcome } = await played(
      true,
      (one) => {
        const set = () => {
          if (revisionOf(one) === "web:43") isSet = true;
          else one.clock.schedule(one.clock.now() + 1000, set);
        };
        set();
      },
      { killSwitch },
    );
    expect(outcome).toMatchObject({ outcome: "failed", error: { code: "denied" } });
    expect(revisionOf(world)).toBe("web:43");
  });
});
