/** The AWS gateways under the contract that they share with the sandbox: the clauses that moto can answer. */

import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  GetItemCommand,
} from "@aws-sdk/client-dynamodb";
import { EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { CreateRepositoryCommand, ECRClient } from "@aws-sdk/client-ecr";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  PutAttributesCommand,
  RegisterContainerInstanceCommand,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEcr } from "../../../src/aws/adapters/ecr.ts";
import { createContainerInstances } from "../../../src/aws/adapters/ecs/container-instances.ts";
import { createEcs } from "../../../src/aws/adapters/ecs/ecs.ts";
import { createBus } from "../../../src/aws/adapters/event-bus.ts";
import { createQuotaTable } from "../../../src/aws/adapters/quota-table.ts";
import { createAccountInventory } from "../../../src/aws/scan/account-inventory.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { describeAccountViewContract, TWO_ON_FARGATE } from "../../contracts/account-view-contract.ts";
import { CLAUSES, describePortsContract, fresh, type Stage } from "../../contracts/ports-contract.ts";
import { describeCapsContract } from "../../contracts/quotas-contract.ts";
import { MOTO_CREDENTIALS, type Moto, startMoto } from "../../support/aws/moto.ts";
import { readTemplate } from "../../support/aws/template.ts";

let moto: Moto | undefined;
beforeAll(async () => {
  moto = await startMoto();
  await new ECSClient(settingsOf(moto)).send(
    new CreateClusterCommand({ clusterName: "shop", tags: [{ key: "repull:mode", value: "approve" }] }),
  );
  await new DynamoDBClient(settingsOf(moto)).send(new CreateTableCommand(tableOfTheStack().table));
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
    bus: createBus(settings),
    containerInstances: createContainerInstances(settings),
    clusterOfOne: () => clusterOfOne(settings),
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

/** As the template makes it, and which of its members says when an item may go. */
function tableOfTheStack(): { table: CreateTableCommandInput; expires: string } {
  const made = readTemplate().resources.QuotaTable?.Properties as unknown;
  const { TimeToLiveSpecification, ...table } = made as CreateTableCommandInput & {
    TimeToLiveSpecification: { AttributeName: string };
  };
  return { table: { ...table, TableName: "quotas" }, expires: TimeToLiveSpecification.AttributeName };
}

describeCapsContract(
  "the table on moto",
  async () => {
    if (moto === undefined) throw new Error("moto has not started");
    return createQuotaTable(settingsOf(moto), "quotas");
  },
  { isAtomic: false },
);

test("an item of the table goes three days after its window", async () => {
  if (moto === undefined) throw new Error("moto has not started");
  const endsAt = Date.parse("2026-01-21T00:00:00Z");
  const window = { name: "remediationsPerHour 2026-01-20T23", endsAt };
  await createQuotaTable(settingsOf(moto), "quotas").acquire({
    period: window,
    requester: "r-1-1",
    amount: 1,
    max: 1,
  });
  const { Item } = await new DynamoDBClient(settingsOf(moto)).send(
    new GetItemCommand({ TableName: "quotas", Key: { window: { S: window.name } } }),
  );
  expect(Item?.[tableOfTheStack().expires]).toEqual({ N: String(endsAt / 1000 + 3 * 86_400) });
});

test("a table that is not there is a failure of AWS, and no permission", async () => {
  if (moto === undefined) throw new Error("moto has not started");
  const quotas = createQuotaTable(settingsOf(moto), "nowhere");
  const window = { name: "w", endsAt: 0 };
  const failure = await quotas
    .acquire({ period: window, requester: "r-1", amount: 1, max: 1 })
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AwsError);
  expect(failure).toMatchObject({ kind: "absent", action: "dynamodb:UpdateItem" });
});

describeAccountViewContract("the AWS gateways on moto", async () => {
  if (moto === undefined) throw new Error("moto has not started");
  const settings = settingsOf(moto);
  const ecs = new ECSClient(settings);
  const clusterArn = "arn:aws:ecs:us-east-1:123456789012:cluster/shop";
  const starter = { Arn: clusterArn, RoleArn: "arn:aws:iam::123456789012:role/starter" };
  return {
    view: createAccountInventory(settings),
    clusterArn,
    register: (family) =>
      createEcs(settings).registerTaskDefinition({
        family,
        containerDefinitions: [{ name: "a", image: "nginx:1", memory: 64 }],
      }),
    add: async (kind, name, TaskDefinitionArn, expression) => {
      const EcsParameters = { ...TWO_ON_FARGATE, TaskDefinitionArn };
      if (kind === "schedule") {
        await new SchedulerClient(settings).send(
          new CreateScheduleCommand({
            Name: name,
            ScheduleExpression: expression,
            FlexibleTimeWindow: { Mode: "OFF" },
            Target: { ...starter, EcsParameters },
          }),
        );
        return;
      }
      const events = new EventBridgeClient(settings);
      await events.send(new PutRuleCommand({ Name: name, ScheduleExpression: expression }));
      await events.send(
        new PutTargetsCommand({ Rule: name, Targets: [{ Id: "1", ...starter, EcsParameters }] }),
      );
    },
    run: async (taskDefinition, startedBy) => {
      await ecs.send(
        new RunTaskCommand({ cluster: "shop", taskDefinition, launchType: "FARGATE", startedBy }),
      );
    },
    createRepository: async (repositoryName) => {
      await new ECRClient(settings).send(new CreateRepositoryCommand({ repositoryName }));
    },
  };
});

/** A machine as its agent registers it; moto makes up its attributes, and takes better ones after. */
async function clusterOfOne(settings: ReturnType<typeof settingsOf>): Promise<string> {
  const [ecs, ec2] = [new ECSClient(settings), new EC2Client(settings)];
  const name = fresh("machines");
  const { cluster } = await ecs.send(new CreateClusterCommand({ clusterName: name }));
  const { Instances } = await ec2.send(
    new RunInstancesCommand({ ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1 }),
  );
  const instanceIdentityDocument = JSON.stringify({
    instanceId: Instances?.[0]?.InstanceId,
    region: "us-east-1",
  });
  const { containerInstance } = await ecs.send(
    new RegisterContainerInstanceCommand({ cluster: name, instanceIdentityDocument }),
  );
  const targetId = containerInstance?.containerInstanceArn;
  await ecs.send(
    new PutAttributesCommand({
      cluster: name,
      attributes: [
        { name: "ecs.cpu-architecture", value: "x86_64", targetId },
        { name: "ecs.os-type", value: "linux", targetId },
      ],
    }),
  );
  return cluster?.clusterArn ?? "";
}
