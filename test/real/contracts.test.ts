/** The AWS gateways under the contract that they share with the sandbox: the clauses that moto can answer. */

import { CreateClusterCommand, CreateServiceCommand, ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll } from "vitest";
import { createEcr } from "../../src/aws/ecr.ts";
import { createEcs } from "../../src/aws/ecs.ts";
import { createBus } from "../../src/aws/event-bus.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { CLAUSES, describePortsContract, type Stage } from "../contracts/ports-contract.ts";
import { MOTO_CREDENTIALS, type Moto, startMoto } from "../support/moto.ts";

let moto: Moto | undefined;
beforeAll(async () => {
  moto = await startMoto();
  await new ECSClient(settingsOf(moto)).send(new CreateClusterCommand({ clusterName: "shop" }));
});
afterAll(() => moto?.stop());

describePortsContract("the AWS gateways on moto", CLAUSES, makeStage, ["moto"]);

function settingsOf({ url }: Moto) {
  return { region: "us-east-1", endpoint: url, credentials: MOTO_CREDENTIALS, attemptsMax: 2 };
}

async function makeStage(): Promise<Stage> {
  if (moto === undefined) throw new Error("moto has not started");
  const settings = settingsOf(moto);
  const client = new ECSClient(settings);
  return {
    ecs: createEcs(settings),
    ecr: createEcr(settings, systemClock),
    bus: createBus(settings, "default"),
    createService: async ({ name, taskDefinition, desiredCount, launchType = "EC2", tags = {} }) => {
      await client.send(
        new CreateServiceCommand({
          cluster: "shop",
          serviceName: name,
          taskDefinition,
          desiredCount,
          launchType,
          tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
        }),
      );
    },
    runTask: async (taskDefinition, startedBy) => {
      const { tasks } = await client.send(
        new RunTaskCommand({ cluster: "shop", taskDefinition, launchType: "FARGATE", startedBy }),
      );
      return tasks?.[0]?.taskArn ?? "";
    },
  };
}
