/** Which deployments a redeployment takes for foreign ones, and leaves alone. */

import { describe, expect, it } from "vitest";
import { redeployRevision } from "../../../src/remediation/deploy/redeploy-service.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";

const FAILING = "ecs-svc/1000000000000000002";
const OLDER = "ecs-svc/1000000000000000001";

const table: readonly (readonly [told: string, failing: string | undefined, result: string])[] = [
  ["the failing one", FAILING, "redeployed"],
  ["one that has not failed", undefined, "superseded"],
];

describe("redeploy, where the survey saw an older deployment of the same revision", () => {
  it.each(table)("compares with the primary deployment, which is %s", async (_, failing, result) => {
    const world = await createWorld(
      readWorldFile({
        services: [{ cluster: "prod", name: "web", image: "nginx:1.25", deploymentId: FAILING }],
        registries: { "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } } },
      }),
    );
    const [service] = world.cluster.services();
    const from = service?.taskDefinition ?? "";
    const described = world.definitions.describe(from)?.taskDefinition ?? {};
    const to = world.definitions.register({
      family: "web",
      containerDefinitions: described.containerDefinitions ?? [],
    });
    const change = { clusterArn: service?.cluster.arn ?? "", service: "web", to, from, deploymentId: OLDER };
    const { kind } = await redeployRevision({ ...change, failing }, world.ports);
    expect(kind).toBe(result);
  });
});

describe("redeploy, of a revision that an earlier run of the same step has deployed without an answer", () => {
  const table = [
    ["writes nothing when ECS has rolled that deployment back since", true, "superseded"],
    ["writes when the service is as it was when the write was decided on", false, "redeployed"],
  ] as const;
  for (const [what, isRolledBack, result] of table)
    it(what, async () => {
      const world = await createWorld(
        readWorldFile({
          services: [
            { cluster: "prod", name: "web", image: "nginx:1.25", settled: true, circuitBreaker: "rollback" },
          ],
          registries: { "docker.io": { images: { "library/nginx:1.25": {} } } },
        }),
      );
      const [service] = world.cluster.services();
      const from = service?.taskDefinition ?? "";
      const knownDeploymentIds = service?.deployments.map(({ id }) => id) ?? [];
      const to = world.definitions.register({
        family: "web",
        containerDefinitions: [{ name: "web", image: "nginx:no-such-tag" }],
      });
      if (isRolledBack) {
        world.cluster.updateService("prod", "web", to);
        const isBack = () =>
          service?.taskDefinition === from && service.deployments[0]?.rolloutState === "COMPLETED";
        expect(await world.runUntil(isBack, 3600)).toBe(true);
      }
      const change = { clusterArn: service?.cluster.arn ?? "", service: "web", to, from };
      const { kind } = await redeployRevision({ ...change, knownDeploymentIds }, world.ports);
      expect([kind, service?.taskDefinition]).toEqual([result, result === "redeployed" ? to : from]);
    });
});

describe("redeploy, from a revision that a deployment of ours brought", () => {
  const wayBack = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/7.";
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [told: string, id: string, reason: string | undefined, result: string])[] = [
    ["ours",                                         FAILING, undefined, "redeployed"],
    ["another caller's, of the same revision",       OLDER,   undefined, "superseded"],
    ["ECS's own way back to the same revision",      OLDER,   wayBack,   "redeployed"],
  ];
  it.each(table)("compares with the primary deployment, which is %s", async (_, id, reason, result) => {
    const world = await createWorld(
      readWorldFile({ services: [{ cluster: "prod", name: "web", image: "nginx:1.25", deploymentId: id }] }),
    );
    const [service] = world.cluster.services();
    const from = service?.taskDefinition ?? "";
    const to = world.definitions.register({
      family: "web",
      containerDefinitions: [{ name: "web", image: "nginx:1.26" }],
    });
    const [primary] = service?.deployments ?? [];
    if (primary !== undefined && reason !== undefined) primary.rolloutStateReason = reason;
    const change = { clusterArn: service?.cluster.arn ?? "", service: "web", to, from };
    const { kind } = await redeployRevision({ ...change, ourDeploymentId: FAILING }, world.ports);
    expect([kind, service?.taskDefinition]).toEqual([result, result === "redeployed" ? to : from]);
  });
});
