/** The AWS gateways under the contract that they share with the sandbox: the clauses that moto can answer. */

import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  GetItemCommand,
} from "@aws-sdk/client-dynamodb";
import { CreateClusterCommand, CreateServiceCommand, ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCaps } from "../../src/aws/caps.ts";
import { createEcr } from "../../src/aws/ecr.ts";
import { createEcs } from "../../src/aws/ecs.ts";
import { createBus } from "../../src/aws/event-bus.ts";
import { AwsError } from "../../src/remediation/aws-error.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { describeCapsContract } from "../contracts/caps-contract.ts";
import { CLAUSES, describePortsContract, type Stage } from "../contracts/ports-contract.ts";
import { MOTO_CREDENTIALS, type Moto, startMoto } from "../support/moto.ts";
import { readTemplate } from "../support/template.ts";

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

/** As the template makes it, and which of its members tells when an item may go. */
function tableOfTheStack(): { table: CreateTableCommandInput; expires: string } {
  const made = readTemplate().resources.CapsTable?.Properties as unknown;
  const { TimeToLiveSpecification, ...table } = made as CreateTableCommandInput & {
    TimeToLiveSpecification: { AttributeName: string };
  };
  return { table: { ...table, TableName: "caps" }, expires: TimeToLiveSpecification.AttributeName };
}

describeCapsContract("the table on moto", async () => {
  if (moto === undefined) throw new Error("moto has not started");
  return createCaps(settingsOf(moto), "caps");
});

test("an item of the table goes three days after its window", async () => {
  if (moto === undefined) throw new Error("moto has not started");
  const endsAt = Date.parse("2026-01-21T00:00:00Z");
  const window = { name: "remediationsPerHour 2026-01-20T23", endsAt };
  await createCaps(settingsOf(moto), "caps").claim({ window, claimant: "r-1-1", amount: 1, max: 1 });
  const { Item } = await new DynamoDBClient(settingsOf(moto)).send(
    new GetItemCommand({ TableName: "caps", Key: { window: { S: window.name } } }),
  );
  expect(Item?.[tableOfTheStack().expires]).toEqual({ N: String(endsAt / 1000 + 3 * 86_400) });
});

test("a table that is not there is a failure of AWS, and no permission", async () => {
  if (moto === undefined) throw new Error("moto has not started");
  const caps = createCaps(settingsOf(moto), "nowhere");
  const window = { name: "w", endsAt: 0 };
  const failure = await caps
    .claim({ window, claimant: "r-1", amount: 1, max: 1 })
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AwsError);
  expect(failure).toMatchObject({ kind: "absent", action: "dynamodb:UpdateItem" });
});
