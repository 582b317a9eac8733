import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { breakerThreshold } from "../../../src/sandbox/ecs/deployments/deployments.ts";
import { describedService } from "../../../src/sandbox/ecs/documents/service-document.ts";
import { describedTask } from "../../../src/sandbox/ecs/documents/task-document.ts";
import { buildImage, seedImage } from "../../../src/sandbox/registry/image-builder.ts";
import type { ServiceEntry } from "../../../src/sandbox/world/workload-entry.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import type { WorldFile } from "../../../src/sandbox/world/world-file.ts";

const LIMIT =
  "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";

/** Docker Hub holds nginx 1.24 and 1.25; ECR Public the same 1.25; the tasks' address may pull so often. */
function worldFile(remaining: number, ...services: ServiceEntry[]): WorldFile {
  return {
    services,
    registries: {
      "docker.io": {
        images: {
          "library/nginx:1.24": {},
          "library/nginx:1.25": { platforms: ["linux/amd64", "linux/arm64"] },
        },
        quota: { remaining },
      },
      "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "nginx:1.25" } } },
    },
  };
}

const web: ServiceEntry = { cluster: "prod", name: "web", image: "nginx:1.25", formerly: "nginx:1.24" };

describe("a service that Docker Hub's limit strikes", () => {
  test("has tasks that fail in Fargate's own words, while the former ones go on", async () => {
    const world = await createWorld(worldFile(0, web));
    await world.run(60);
    const [task] = stopped(world);
    expect(task).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "TaskFailedToStart",
      version: 5,
      group: "service:web",
      startedBy: deploymentsOf(world)[0]?.id,
    });
    expect(task?.stoppedReason).toMatch(
      /^CannotPullContainerError: ref pull has been retried 1 time\(s\): failed to copy: httpReadSeeker: failed open: unexpected status code https:\/\/registry-1\.docker\.io\/v2\/library\/nginx\/manifests\/sha256:[0-9a-f]{64}: 429 Too Many Requests - Server message: toomanyrequests: /,
    );
    expect(task?.stoppedReason).toContain(LIMIT);
    expect(running(world, "web:1")).toBe(1);
  });

  test("on EC2 fails in the agent's words, which name neither image nor registry", async () => {
    const world = await createWorld(worldFile(0, { ...web, launchType: "EC2" }));
    await world.run(60);
    const [task] = stopped(world);
    expect(task?.stoppedReason).toBe("Task failed to start");
    expect(task?.containers).toMatchObject([
      { name: "web", reason: `CannotPullContainerError: Error response from daemon: ${LIMIT}` },
    ]);
  });

  test("reports each change to the bus, the reason before the task is STOPPED", async () => {
    const world = await createWorld(worldFile(0, web));
    await world.run(60);
    const [first] = stopped(world);
    const told = world.bus.published
      .map(({ detail }) => detail as JsonObject)
      .filter(({ taskArn }) => taskArn === first?.taskArn)
      .map(({ lastStatus, version, stopCode }) => [lastStatus, version, stopCode]);
    expect(told).toEqual([
      ["PROVISIONING", 1, undefined],
      ["PENDING", 2, undefined],
      ["DEPROVISIONING", 4, "TaskFailedToStart"],
      ["STOPPED", 5, "TaskFailedToStart"],
    ]);
  });

  test("tries again after pauses that grow up to 27 minutes", async () => {
    const world = await createWorld(worldFile(0, web));
    await world.run(6 * 3600 - 600);
    const starts = startsOf(world, "web:2");
    const pauses = starts.slice(1).map((at, index) => Math.round((at - (starts[index] ?? 0)) / 1000));
    expect(pauses.slice(0, 3)).toEqual([...pauses.slice(0, 3)].sort((a, b) => a - b));
    expect(pauses.at(-1)).toBeGreaterThan(27 * 60 - 1);
    expect(pauses.at(-1)).toBeLessThan(28 * 60);
    expect(serviceEvents(world)).toContain(
      "(service web) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
    );
  });

  test("is healed when the limit's window ends", async () => {
    const file = worldFile(0, web);
    const world = await createWorld({
      ...file,
      registries: {
        ...file.registries,
        "docker.io": { ...file.registries?.["docker.io"], quota: { remaining: 0, resetsInSeconds: 1200 } },
      },
    });
    await world.run(3600);
    expect(rollout(world)).toEqual(["web:2 COMPLETED"]);
  });
});

describe("a new revision that pulls elsewhere", () => {
  test("starts without a pause, settles, and takes the former tasks' place", async () => {
    const world = await createWorld(worldFile(0, web));
    await world.run(900);
    const failing = deploymentsOf(world)[0];
    expect(failing?.rolloutState).toBe("IN_PROGRESS");
    const swappedAt = world.clock.now();
    await swap(world, "public.ecr.aws/docker/library/nginx:1.25");
    await world.run(120);
    expect(startsOf(world, "web:3")).toEqual([swappedAt]);
    expect(rollout(world)).toEqual(["web:3 COMPLETED"]);
    expect(running(world, "web:3")).toBe(1);
    expect(running(world, "web:1")).toBe(0);
  });

  test("shows the digest of the whole index for its containers", async () => {
    const world = await createWorld(worldFile(0, web));
    await swap(world, "public.ecr.aws/docker/library/nginx:1.25");
    await world.run(120);
    const [task] = await world.ports.ecs.listTasks({
      cluster: "prod",
      service: "web",
      desiredStatus: "RUNNING",
    });
    expect(task?.containers[0]?.imageDigest).toBe(world.registries.dockerHub.tags("library/nginx")["1.25"]);
  });

  test("does not take the former tasks' place while it crashes", async () => {
    const file = worldFile(0, { ...web, formerly: "nginx:1.24" });
    const world = await createWorld({
      ...file,
      registries: {
        ...file.registries,
        "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "nginx:1.25", exits: 1 } } },
      },
    });
    await swap(world, "public.ecr.aws/docker/library/nginx:1.25");
    await world.run(600);
    expect(running(world, "web:1")).toBe(1);
    expect(rollout(world)).toEqual(["web:3 IN_PROGRESS", "web:1 COMPLETED"]);
    const crashed = stopped(world).filter(({ stopCode }) => stopCode === "EssentialContainerExited");
    expect(crashed.length).toBeGreaterThan(2);
    expect(crashed[0]?.containers).toMatchObject([{ exitCode: 1 }]);
  });
});

describe("the circuit breaker", () => {
  test("ends a deployment after three failures and goes back to the last that completed", async () => {
    const world = await createWorld(worldFile(0, { ...web, circuitBreaker: "rollback" }));
    await world.runUntil(() => told(world).includes("SERVICE_DEPLOYMENT_FAILED"), 3600);
    expect(rollout(world).slice(0, 2)).toEqual(["web:1 IN_PROGRESS", "web:2 FAILED"]);
    expect(deploymentsOf(world)[0]?.rolloutStateReason).toMatch(
      /^ECS deployment circuit breaker: rolling back to deploymentId ecs-svc\/[0-9]{19}\.$/,
    );
    expect(startsOf(world, "web:2")).toHaveLength(3);
    const service = await world.ports.ecs.describeService("prod", "web");
    expect(service?.taskDefinition).toMatch(/:task-definition\/web:1$/);
  });

  test("comes too late for a deployment that was superseded in time", async () => {
    const world = await createWorld(worldFile(0, { ...web, desiredCount: 4, circuitBreaker: "rollback" }));
    await world.run(30);
    expect(deploymentsOf(world)[0]?.failedTasks).toBe(4);
    await swap(world, "public.ecr.aws/docker/library/nginx:1.25");
    await world.run(120);
    expect(rollout(world)).toEqual(["web:3 COMPLETED"]);
    expect(told(world)).not.toContain("SERVICE_DEPLOYMENT_FAILED");
  });

  test("does not judge what it went back to: that one is tried for ever", async () => {
    const world = await createWorld(worldFile(0, { ...web, circuitBreaker: "rollback" }));
    await world.run(2 * 3600);
    expect(rollout(world)[0]).toBe("web:1 IN_PROGRESS");
    expect(told(world).filter((name) => name === "SERVICE_DEPLOYMENT_FAILED")).toHaveLength(1);
    expect(startsOf(world, "web:1").length).toBeGreaterThan(5);
  });

  test("without rollback leaves the deployment FAILED and starts no more", async () => {
    const world = await createWorld(worldFile(0, { ...web, circuitBreaker: "on" }));
    await world.run(2 * 3600);
    expect(rollout(world)).toEqual(["web:2 FAILED", "web:1 COMPLETED"]);
    expect(startsOf(world, "web:2")).toHaveLength(3);
  });

  test("has nothing to go back to in a first deployment", async () => {
    const { formerly: _, ...first } = web;
    const world = await createWorld(worldFile(0, { ...first, circuitBreaker: "rollback" }));
    await world.run(2 * 3600);
    expect(rollout(world)).toEqual(["web:1 FAILED"]);
  });

  test("can keep the old tasks instead of starting them anew", async () => {
    const world = await createWorld(worldFile(0, { ...web, circuitBreaker: "rollback" }), {
      unverified: { rollbackStartsAnew: false },
    });
    await world.run(3600);
    expect(rollout(world)).toEqual(["web:1 COMPLETED"]);
    expect(startsOf(world, "web:1")).toHaveLength(1);
  });
});

describe("a deployment", () => {
  for (const [versionConsistency, because] of [
    ["enabled", "keeps to the bytes that its tag meant at first"],
    ["disabled", "runs whatever the tag means, where version consistency is disabled"],
  ] as const) {
    test(because, async () => {
      const world = await createWorld({
        services: [
          {
            cluster: "prod",
            name: "web",
            taskDefinition: {
              family: "web",
              containerDefinitions: [{ name: "web", image: "nginx:1.25", versionConsistency }],
            },
          },
        ],
        registries: { "docker.io": { images: { "library/nginx:1.25": {} } } },
      });
      await world.run(120);
      const first = world.registries.dockerHub.tags("library/nginx")["1.25"];
      const moved = seedImage(
        world.registries.dockerHub,
        "library/nginx",
        "1.25",
        buildImage({ name: "moved" }),
      );
      const [task] = world.cluster.tasks("prod");
      world.cluster.stopTask("prod", task?.arn ?? "", "to see what comes next");
      await world.run(120);
      const next = world.cluster.tasks("prod").find(({ lastStatus }) => lastStatus === "RUNNING");
      expect(next?.containers[0]?.imageDigest).toBe(versionConsistency === "enabled" ? first : moved);
    });
  }

  test("is superseded by the next one, whose tasks replace even those that do not run yet", async () => {
    const world = await createWorld(worldFile(100, web));
    await world.run(3);
    await swap(world, "public.ecr.aws/docker/library/nginx:1.25");
    await world.run(120);
    expect(rollout(world)).toEqual(["web:3 COMPLETED"]);
    expect(
      stopped(world).map(({ taskDefinitionArn, stopCode }) => [nameOf(taskDefinitionArn), stopCode]),
    ).toEqual([
      ["web:1", "ServiceSchedulerInitiated"],
      ["web:2", "ServiceSchedulerInitiated"],
    ]);
  });

  test("stops old tasks first when the service allows fewer than all and none in addition", async () => {
    const world = await createWorld(
      worldFile(100, { ...web, minimumHealthyPercent: 0, maximumPercent: 100 }),
    );
    await world.run(10);
    expect(running(world, "web:1")).toBe(0);
    await world.run(120);
    expect(rollout(world)).toEqual(["web:2 COMPLETED"]);
  });
});

describe("an update is refused", () => {
  const table = [
    ["an EXTERNAL service", { controller: "EXTERNAL" }, "web:1", "invalid", "EXTERNAL deployment controller"],
    [
      "a CODE_DEPLOY service",
      { controller: "CODE_DEPLOY" },
      "web:1",
      "invalid",
      "Use AWS CodeDeploy to trigger",
    ],
    ["a revision that is no more", {}, "web:1", "invalid", "TaskDefinition is inactive"],
    ["a revision that never was", {}, "web:9", "invalid", "Unable to find task definition"],
  ] as const;
  for (const [because, settings, revision, kind, words] of table) {
    test(`for ${because}`, async () => {
      const world = await createWorld(worldFile(100, { ...web, ...settings }));
      world.definitions.deregister("web:1");
      await expect(world.ports.ecs.updateService("prod", "web", revision)).rejects.toMatchObject({
        kind,
        message: expect.stringContaining(words),
      });
    });
  }
});

for (const [desired, threshold] of [
  [1, 3],
  [5, 3],
  [6, 3],
  [7, 4],
  [10, 5],
  [400, 200],
  [1000, 200],
] as const) {
  test(`the circuit breaker of ${desired} tasks breaks at ${threshold} failures`, () => {
    expect(breakerThreshold(desired)).toBe(threshold);
  });
}

function stopped(world: World): readonly JsonObject[] {
  return world.cluster
    .tasks("prod")
    .filter(({ lastStatus }) => lastStatus === "STOPPED")
    .map(describedTask);
}

function running(world: World, revision: string): number {
  return world.cluster
    .tasks("prod")
    .filter(
      ({ lastStatus, definition }) =>
        lastStatus === "RUNNING" && nameOf(definition.taskDefinitionArn) === revision,
    ).length;
}

function deploymentsOf(world: World): readonly JsonObject[] {
  const service = world.cluster.service("prod", "web");
  return service === undefined ? [] : (describedService(service).deployments as JsonObject[]);
}

function rollout(world: World): readonly string[] {
  return deploymentsOf(world).map(
    ({ taskDefinition, rolloutState }) => `${nameOf(taskDefinition)} ${rolloutState}`,
  );
}

function serviceEvents(world: World): readonly unknown[] {
  return world.cluster.service("prod", "web")?.events.map(({ message }) => message) ?? [];
}

function told(world: World): readonly unknown[] {
  return world.bus.published.map(({ detail }) => (detail as JsonObject).eventName);
}

/** When each task of a revision began, stopped ones that ECS no longer shows included. */
function startsOf(world: World, revision: string): readonly number[] {
  const tasks = world.cluster.service("prod", "web")?.cluster.tasks.values() ?? [];
  return [...tasks]
    .filter(({ definition }) => nameOf(definition.taskDefinitionArn) === revision)
    .map(({ createdAt }) => createdAt);
}

async function swap(world: World, image: string): Promise<void> {
  const { ecs } = world.ports;
  const service = await ecs.describeService("prod", "web");
  const described = await ecs.describeTaskDefinition(service?.taskDefinition ?? "");
  const {
    taskDefinitionArn: _arn,
    revision: _revision,
    status: _status,
    ...rest
  } = described?.taskDefinition ?? {};
  const arn = await ecs.registerTaskDefinition({ ...rest, containerDefinitions: [{ name: "web", image }] });
  await ecs.updateService("prod", "web", arn);
}

function nameOf(arn: unknown): string {
  return String(arn).slice(String(arn).lastIndexOf("/") + 1);
}
