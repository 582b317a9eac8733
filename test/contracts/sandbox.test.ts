/** The sandbox under the contract that it shares with the AWS gateways. */

import { createAccountInventory } from "../../src/sandbox/aws/scan/account-inventory.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import { describeAccountViewContract, TWO_ON_FARGATE } from "./account-view-contract.ts";
import { EXECUTION_CLAUSES } from "./execution-clauses.ts";
import { CLAUSES, describePortsContract, type Stage } from "./ports-contract.ts";
import { describeCapsContract } from "./quotas-contract.ts";
import { describeSchedulesContract } from "./schedules-contract.ts";

describePortsContract("the sandbox", [...CLAUSES, ...EXECUTION_CLAUSES], makeStage, [
  "moto",
  "recorded",
  "sandbox only",
]);

async function makeStage(): Promise<Stage> {
  const world = await createWorld({
    clusters: { shop: { tags: { "repull:mode": "approve" } } },
    // A cluster is there as soon as it has a service.
    services: [{ cluster: "shop", name: "first", image: "nginx:1.25", settled: true }],
    registries: {
      "docker.io": {
        images: { "library/nginx:1.25": {}, "library/nginx:1.26": {}, "fluent/fluent-bit:3.0": {} },
        accounts: { shop: { password: "right" }, spent: { password: "right", remaining: 0 } },
      },
    },
    machines: {
      mixed: [
        { architecture: "X86_64" },
        { architecture: "ARM64", capacityProvider: "graviton" },
        { architecture: "ARM64", capacityProvider: "graviton" },
        { architecture: "X86_64", operatingSystemFamily: "WINDOWS_SERVER_2022_CORE" },
      ],
    },
    pullThrough: [
      { prefix: "hub", upstream: "docker.io", account: "shop" },
      { prefix: "spent", upstream: "docker.io", account: "spent" },
    ],
  });
  const { cluster, clock, executions, faults, ports, registries } = world;
  executions.serve("mirror", async (input, steps) => {
    const { wait, fail } = input as { wait?: number; fail?: string };
    if (wait !== undefined) await steps.wait("a while", wait);
    if (fail !== undefined) await steps.step("copy", () => Promise.reject(new Error(fail)), { attempts: 1 });
    return "done";
  });
  return {
    ...ports,
    cache: cacheOf(world),
    createService: async ({ name, ...settings }) =>
      void cluster.createService({ cluster: "shop", name, ...settings }),
    runTask: async (taskDefinition, startedBy) =>
      cluster.runTask({ cluster: "shop", taskDefinition, startedBy }).arn,
    clusterOfOne: async () => "arn:aws:ecs:us-east-1:123456789012:cluster/shop",
    go: (seconds) => clock.advanceTo(clock.now() + seconds * 1000),
    refuse: (action, kind) => void faults.order(action, kind, 1),
    hideResults: (as) => void faults.order("lambda:GetDurableExecution", as),
    exhaustDockerHub: () => registries.dockerHub.spend({ address: world.addresses.tasks }, 100),
  };
}

function cacheOf({ registries: { dockerHub } }: World): NonNullable<Stage["cache"]> {
  const index = dockerHub.manifest("library/nginx", "1.25");
  const [child] = JSON.parse(Buffer.from(index?.bytes ?? []).toString()).manifests;
  const image = JSON.parse(
    Buffer.from(dockerHub.manifest("library/nginx", child.digest)?.bytes ?? []).toString(),
  );
  return {
    repository: "hub/library/nginx",
    digest: child.digest,
    layer: image.layers[0].digest,
    limited: { repository: "spent/library/nginx", digest: child.digest },
  };
}

describeSchedulesContract("the sandbox", async () => {
  const { schedules } = await createWorld({});
  const clusterArn = "arn:aws:ecs:us-east-1:123456789012:cluster/shop";
  return {
    schedules: schedules.port,
    clusterArn,
    add: async (kind, name, TaskDefinitionArn, tags = {}) =>
      schedules.add({
        kind,
        name,
        tags,
        target: { Id: "1", Arn: clusterArn, EcsParameters: { TaskDefinitionArn } },
      }),
  };
});

describeCapsContract("the sandbox", async () => (await createWorld({})).ports.quotaStore);

describeAccountViewContract("the sandbox", async () => {
  const world = await createWorld({ registries: { "docker.io": { images: { "library/nginx:1": {} } } } });
  const clusterArn = "arn:aws:ecs:us-east-1:123456789012:cluster/shop";
  return {
    view: createAccountInventory(world),
    clusterArn,
    register: async (family) =>
      world.definitions.register({ family, containerDefinitions: [{ name: "a", image: "nginx:1" }] }),
    add: async (kind, name, TaskDefinitionArn, expression) =>
      world.schedules.add({
        ...{ kind, name, expression },
        target: { Id: "1", Arn: clusterArn, EcsParameters: { ...TWO_ON_FARGATE, TaskDefinitionArn } },
      }),
    run: async (taskDefinition, startedBy) => {
      world.cluster.runTask({
        ...{ cluster: "shop", taskDefinition },
        ...(startedBy === undefined ? {} : { startedBy }),
      });
    },
    createRepository: async (name) => void world.registries.ecr.createRepository(name),
  };
});
