/** The sandbox under the contract that it shares with the AWS gateways. */

import { createAccountInventory } from "../../src/sandbox/aws/scan/account-inventory.ts";
import { createWorld } from "../../src/sandbox/world/world.ts";
import { describeAccountViewContract, TWO_ON_FARGATE } from "./account-view-contract.ts";
import { EXECUTION_CLAUSES } from "./execution-clauses.ts";
import { CLAUSES, describePortsContract } from "./ports-contract.ts";
import { describeCapsContract } from "./quotas-contract.ts";
import { sandboxStage } from "./sandbox-stage.ts";
import { describeSchedulesContract } from "./schedules-contract.ts";

describePortsContract("the sandbox", [...CLAUSES, ...EXECUTION_CLAUSES], () => sandboxStage(), [
  "moto",
  "recorded",
  "sandbox only",
]);

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
        kind,
        name,
        expression,
        target: { Id: "1", Arn: clusterArn, EcsParameters: { ...TWO_ON_FARGATE, TaskDefinitionArn } },
      }),
    run: async (taskDefinition, startedBy) => {
      world.cluster.runTask({
        cluster: "shop",
        taskDefinition,
        ...(startedBy === undefined ? {} : { startedBy }),
      });
    },
    createRepository: async (name) => void world.registries.ecr.createRepository(name),
  };
});
