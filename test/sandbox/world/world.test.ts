import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { UNRELIABLE } from "../../../src/sandbox/aws/event-bus.ts";
import { installRepull } from "../../../src/sandbox/install-repull.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import type { WorldFile } from "../../../src/sandbox/world/world-file.ts";
import { DEFAULT_POLICY } from "../../../src/substitution/policy/policy.ts";

/** Three services on Docker Hub images, of which one is on ECR Public too; the limit has struck. */
const SHOP: WorldFile = {
  services: [
    { cluster: "shop", name: "web", image: "nginx:1.25", formerly: "nginx:1.24", desiredCount: 2 },
    { cluster: "shop", name: "api", image: "acme/api:7", formerly: "acme/api:6", circuitBreaker: "rollback" },
    { cluster: "shop", name: "cache", image: "redis:7", launchType: "EC2" },
  ],
  registries: {
    "docker.io": {
      images: {
        "library/nginx:1.24": {},
        "library/nginx:1.25": { platforms: ["linux/amd64", "linux/arm64"] },
        "acme/api:6": {},
        "acme/api:7": {},
        "library/redis:7": {},
      },
      quota: { remaining: 0 },
    },
    "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "nginx:1.25" } } },
  },
};

/** Two hours of that world with Repull at work; every byte that was published, and the state of the services. */
async function twoHours(
  seed: number,
): Promise<{ transcript: string; rollouts: readonly string[]; outcomes: readonly JsonObject[] }> {
  const world = await createWorld(SHOP, { seed, delivery: UNRELIABLE });
  installRepull(world, { policy: DEFAULT_POLICY });
  await world.run(7200);
  return {
    transcript: createHash("sha256")
      .update(JSON.stringify([world.bus.published, world.executions.records]))
      .digest("hex"),
    rollouts: world.cluster
      .services()
      .flatMap(({ deployments }) => deployments)
      .map(({ taskDefinition, rolloutState }) => `${taskDefinition.split("/")[1]} ${rolloutState}`),
    outcomes: world.bus.outcomes,
  };
}

describe("a world", () => {
  test("is healed by the product as it is, over a bus that delivers late, twice and out of order", async () => {
    const { rollouts, outcomes } = await twoHours(1);
    expect(rollouts).toEqual(["web:3 COMPLETED", "api:3 COMPLETED", "cache:2 COMPLETED"]);
    expect(outcomes.map(({ outcome }) => outcome).filter((outcome) => outcome !== "ignored")).toEqual([
      "succeeded",
      "succeeded",
      "succeeded",
    ]);
  });

  test("is the same to the byte by the same seed, and another by another", async () => {
    const [one, again, other] = [await twoHours(5), await twoHours(5), await twoHours(6)];
    expect(again.transcript).toBe(one.transcript);
    expect(other.transcript).not.toBe(one.transcript);
  });

  test("without the product stays as it is until the limit's window ends", async () => {
    const world = await createWorld(SHOP);
    await world.run(5 * 3600);
    const states = world.cluster
      .services()
      .map(({ name, deployments }) => `${name} ${deployments[0]?.rolloutState}`);
    expect(states).toEqual(["web IN_PROGRESS", "api IN_PROGRESS", "cache IN_PROGRESS"]);
    await world.run(3 * 3600);
    expect(world.cluster.service("shop", "web")?.deployments[0]?.rolloutState).toBe("COMPLETED");
  });

  test("starts a standalone task of its file, which belongs to no service", async () => {
    const world = await createWorld({
      tasks: [
        { cluster: "jobs", family: "report", image: "nginx:1.25", startedBy: "chronos-schedule/nightly" },
      ],
      registries: { "docker.io": { images: { "library/nginx:1.25": {} } } },
    });
    await world.run(60);
    const [task] = world.cluster.tasks("jobs");
    expect(task).toMatchObject({
      lastStatus: "RUNNING",
      group: "family:report",
      startedBy: "chronos-schedule/nightly",
    });
  });

  const private_ = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
  test("lets a Fargate task pull from private ECR by its execution role only", async () => {
    const world = await createWorld({
      services: [{ name: "web", image: `${private_}/web:1` }],
      registries: { ecr: { images: { "web:1": {} } } },
    });
    await world.run(120);
    expect(world.cluster.service("default", "web")?.deployments[0]?.rolloutState).toBe("COMPLETED");
    const roleless = { services: [{ name: "web", image: `${private_}/web:1`, executionRole: false }] };
    await expect(createWorld(roleless)).rejects.toMatchObject({
      kind: "invalid",
      message: expect.stringContaining("execution role"),
    });
  });

  test("pulls a private image with the secret that its container names", async () => {
    const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub";
    const world = await createWorld({
      services: ["named", "unnamed"].map((name) => ({
        name,
        taskDefinition: {
          family: name,
          executionRoleArn: `arn:aws:iam::123456789012:role/${name}-execution`,
          containerDefinitions: [
            {
              name: "api",
              image: "acmebot/api:7",
              ...(name === "named" ? { repositoryCredentials: { credentialsParameter: arn } } : {}),
            },
          ],
        },
      })),
      secrets: { [arn]: { username: "acmebot", password: "secret" } },
      registries: {
        "docker.io": {
          images: { "acmebot/api:7": {} },
          privateRepositories: ["acmebot/api"],
          accounts: { acmebot: { password: "secret" } },
        },
      },
    });
    await world.run(120);
    expect(world.cluster.service("default", "named")?.deployments[0]?.rolloutState).toBe("COMPLETED");
    const refused = world.cluster.tasks("default").find(({ service }) => service?.name === "unnamed");
    expect(refused?.stoppedReason).toMatch(
      /pull access denied, repository does not exist or may require authorization/,
    );
  });
});
