/**
 * The stack as CloudFormation makes it, as far as moto plays that: the template, translated by SAM's own translator,
 * created with every optional part and without, looked at through the services' own APIs, updated, and removed.
 */

import {
  DescribeRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
} from "@aws-sdk/client-eventbridge";
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from "@aws-sdk/client-lambda";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listStacks } from "../../../src/aws/stack/list-stacks.ts";
import { MOTO_CREDENTIALS, type Moto, startMoto } from "../../support/aws/moto.ts";
import { type MotoStacks, stacksIn } from "../../support/aws/moto-stack.ts";

const REGION = "us-east-1";

let moto: Moto;
let stacks: MotoStacks;
beforeAll(async () => {
  moto = await startMoto();
  stacks = await stacksIn(moto, REGION);
});
afterAll(() => moto?.stop());

const ROLES = "arn:aws:iam::123456789012:role/ecs/*";
const EVERYTHING = {
  Mode: "remediate",
  PassableRoleArns: ROLES,
  ClusterPattern: "prod-*",
  NotifyEmail: "ops@example.com",
  ScheduleRoleArns: "arn:aws:iam::123456789012:role/schedules/*",
  ReadableRepositoryArns: "arn:aws:ecr:us-east-1:210987654321:repository/central/*",
};
const settings = () => ({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });

describe("the stack", () => {
  test("is created with defaults, by naming nothing but the roles", async () => {
    await stacks.create("plain", { PassableRoleArns: ROLES });
    const resources = await stacks.resourcesOf("plain");
    expect(resources.get("PullFailureRule")?.type).toBe("AWS::Events::Rule");
    expect(resources.has("Topic")).toBe(false);
    expect(resources.has("DockerHubCache")).toBe(false);
    await stacks.remove("plain");
  });

  test("is created with what it can have, and is wired from the rule to the functions", async () => {
    await stacks.create("repull", EVERYTHING);
    const resources = await stacks.resourcesOf("repull");
    const idOf = (name: string): string => resources.get(name)?.id ?? "";

    const events = new EventBridgeClient(settings());
    const rule = await events.send(new DescribeRuleCommand({ Name: idOf("PullFailureRule") }));
    expect(rule.State).toBe("ENABLED");
    expect(JSON.parse(rule.EventPattern ?? "").detail.clusterArn).toEqual([
      { wildcard: `arn:aws:ecs:${REGION}:123456789012:cluster/prod-*` },
    ]);
    const sqs = new SQSClient(settings());
    const queue = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: idOf("PullFailureQueue"), AttributeNames: ["All"] }),
    );
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: idOf("PullFailureRule") }));
    expect(Targets?.map(({ Arn }) => Arn)).toEqual([queue.Attributes?.QueueArn]);
    expect(JSON.parse(queue.Attributes?.RedrivePolicy ?? "{}")).toMatchObject({ maxReceiveCount: 5 });

    const lambda = new LambdaClient(settings());
    const { EventSourceMappings } = await lambda.send(new ListEventSourceMappingsCommand({}));
    expect(EventSourceMappings).toMatchObject([
      { EventSourceArn: queue.Attributes?.QueueArn, FunctionResponseTypes: ["ReportBatchItemFailures"] },
    ]);
    for (const name of ["detect", "remediate", "mirror"]) {
      const made = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: `repull-${name}` }));
      expect(made).toMatchObject({
        Runtime: "nodejs24.x",
        Handler: "index.handler",
      });
      expect(made.Environment?.Variables).toMatchObject({
        REPULL_MODE: "remediate",
        REPULL_MIRROR_PREFIX: "repull",
      });
    }
    expect(resources.get("Topic")?.type).toBe("AWS::SNS::Topic");
    expect(await listStacks(settings())).toEqual(["repull"]);
  });

  test("is updated: a setting reaches the functions", async () => {
    await stacks.update("repull", { ...EVERYTHING, Mode: "observe" });
    const made = await new LambdaClient(settings()).send(
      new GetFunctionConfigurationCommand({ FunctionName: "repull-remediate" }),
    );
    expect(made.Environment?.Variables?.REPULL_MODE).toBe("observe");
  });

  test("is removed, and nothing of it stays", async () => {
    await stacks.remove("repull");
    const { EventSourceMappings } = await new LambdaClient(settings()).send(
      new ListEventSourceMappingsCommand({}),
    );
    expect(EventSourceMappings).toEqual([]);
    await expect(
      new LambdaClient(settings()).send(
        new GetFunctionConfigurationCommand({ FunctionName: "repull-detect" }),
      ),
    ).rejects.toThrow(/not found/i);
  });
});
