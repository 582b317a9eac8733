/** The sandbox under the contract that it shares with the AWS gateways. */

import { createWorld } from "../../src/sandbox/world.ts";
import { CLAUSES, describePortsContract, type Stage } from "./ports-contract.ts";

describePortsContract("the sandbox", CLAUSES, makeStage, ["moto", "recorded", "sandbox only"]);

async function makeStage(): Promise<Stage> {
  const world = await createWorld({
    // A cluster is there as soon as it has a service.
    services: [{ cluster: "shop", name: "first", image: "nginx:1.25", settled: true }],
    registries: {
      "docker.io": {
        images: { "library/nginx:1.25": {}, "library/nginx:1.26": {}, "fluent/fluent-bit:3.0": {} },
      },
    },
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
    createService: async ({ name, ...settings }) =>
      void cluster.createService({ cluster: "shop", name, ...settings }),
    runTask: async (taskDefinition, startedBy) =>
      cluster.runTask({ cluster: "shop", taskDefinition, startedBy }).arn,
    go: (seconds) => clock.advanceTo(clock.now() + seconds * 1000),
    refuse: (action, kind) => void faults.order(action, kind, 1),
    exhaustDockerHub: () => registries.dockerHub.spend({ address: world.addresses.tasks }, 100),
  };
}
