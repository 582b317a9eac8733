/** A sandbox as the contract of the ports wants its account; the ports may be the sandbox's own, or AWS's adapters. */

import type { Ports } from "../../src/remediation/ports/ports.ts";
import { createWorld, type World } from "../../src/sandbox/world/world.ts";
import type { WorldFile } from "../../src/sandbox/world/world-file.ts";
import { readWorldFile } from "../../src/sandbox/world/world-file.ts";
import type { Stage } from "./ports-contract.ts";

export const STAGE_FILE: WorldFile = readWorldFile({
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

/** @param portsOf what the contract tests; absent: the sandbox's own ports */
export async function sandboxStage(
  portsOf: (world: World) => Promise<Pick<Ports, "ecs" | "ecr" | "bus" | "containerInstances">> | Ports = ({
    ports,
  }) => ports,
): Promise<Stage> {
  const world = await createWorld(STAGE_FILE);

  const { cluster, clock, executions, faults, registries } = world;
  executions.serve("mirror", async (input, steps) => {
    const { wait, fail } = input as { wait?: number; fail?: string };
    if (wait !== undefined) await steps.wait("a while", wait);
    if (fail !== undefined) await steps.step("copy", () => Promise.reject(new Error(fail)), { attempts: 1 });
    return "done";
  });
  return {
    ...world.ports,
    ...(await portsOf(world)),
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
