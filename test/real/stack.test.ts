/**
 * The stack as CloudFormation makes it, as far as moto plays that: the template, translated by SAM's own translator,
 * created with every optional part and without, looked at through the services' own APIs, updated, and removed.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  DescribeRuleCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
} from "@aws-sdk/client-eventbridge";
import {
  CreateAliasCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from "@aws-sdk/client-lambda";
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDeployedStack } from "../../src/aws/deployed-stack.ts";
import { createRoles } from "../../src/aws/roles.ts";
import { examine } from "../../src/cli/doctor-checks.ts";
import { MOTO_CREDENTIALS, type Moto, startMoto } from "../support/moto.ts";

const run = promisify(execFile);
const REGION = "us-east-1";
const CHECK = fileURLToPath(new URL("../../infra/check.py", import.meta.url));

let moto: Moto;
let template: string;
beforeAll(async () => {
  [moto, template] = await Promise.all([
    startMoto(),
    run("python3", [CHECK, "print"], { maxBuffer: 16_000_000 }).then(({ stdout }) => asMotoTakesIt(stdout)),
  ]);
  // Where `sam package` would have put the code.
  await fetch(`${moto.url}/bucket`, { method: "PUT", headers: signedFor("s3") });
  for (const name of ["Detect", "Remediate", "Mirror"])
    await fetch(`${moto.url}/bucket/${name}.zip`, {
      method: "PUT",
      headers: signedFor("s3"),
      body: Buffer.from("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", "base64"),
    });
});
afterAll(() => moto?.stop());

/** moto does not answer a Ref to an alias: the mapping names the function itself here, and its alias in the account. */
function asMotoTakesIt(translated: string): string {
  const alias = '"FunctionName":{"Ref":"DetectFunctionAliaslive"}';
  const text = JSON.stringify(JSON.parse(translated));
  expect(text.split(alias)).toHaveLength(2);
  return text.replace(alias, '"FunctionName":{"Ref":"DetectFunction"}');
}

/** moto reads the service and the region from here, and checks nothing. */
function signedFor(service: string): Record<string, string> {
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=test/20261120/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  };
}

/** AWS's query API, for what no client of the project asks for. */
async function query(service: string, parameters: Record<string, string>): Promise<string> {
  const answer = await fetch(moto.url, {
    method: "POST",
    headers: { ...signedFor(service), "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(parameters),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${parameters.Action}: ${text}`);
  return text;
}

const cloudFormation = (action: string, parameters: Record<string, string>): Promise<string> =>
  query("cloudformation", { Action: action, Version: "2010-05-15", ...parameters });

function withParameters(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value], index) => [
      [`Parameters.member.${index + 1}.ParameterKey`, name],
      [`Parameters.member.${index + 1}.ParameterValue`, value],
    ]),
  );
}

/** Logical id → type and physical id. */
async function resourcesOf(stack: string): Promise<ReadonlyMap<string, { type: string; id: string }>> {
  const text = await cloudFormation("DescribeStackResources", { StackName: stack });
  const members = text.match(/<member>.*?<\/member>/gs) ?? [];
  const tag = (member: string, name: string): string =>
    new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(member)?.[1] ?? "";
  return new Map(
    members.map((member) => [
      tag(member, "LogicalResourceId"),
      { type: tag(member, "ResourceType"), id: tag(member, "PhysicalResourceId") },
    ]),
  );
}

const ROLES = "arn:aws:iam::123456789012:role/ecs/*";
const EVERYTHING = {
  PassableRoleArns: ROLES,
  ClusterPattern: "prod-*",
  Notify: "attention",
  NotifyEmail: "ops@example.com",
  RemediateConcurrency: "5",
  MirrorConcurrency: "3",
};
const settings = () => ({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });

describe("the stack", () => {
  test("is created with defaults, by naming nothing but the roles", async () => {
    await cloudFormation("CreateStack", {
      StackName: "plain",
      TemplateBody: template,
      ...withParameters({ PassableRoleArns: ROLES }),
    });
    const resources = await resourcesOf("plain");
    expect(resources.get("PullFailureRule")?.type).toBe("AWS::Events::Rule");
    expect(resources.has("Topic")).toBe(false);
    expect(resources.has("DockerHubCache")).toBe(false);
    await cloudFormation("DeleteStack", { StackName: "plain" });
  });

  test("is created with what it can have, and is wired from the rule to the functions", async () => {
    await cloudFormation("CreateStack", {
      StackName: "repull",
      TemplateBody: template,
      ...withParameters(EVERYTHING),
    });
    const resources = await resourcesOf("repull");
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
  });

  test("is what the doctor looks for; what is broken in it, the doctor finds", async () => {
    const examined = async (): Promise<ReadonlyMap<string, string>> => {
      const stack = readDeployedStack(settings(), "repull");
      const home = { account: "123456789012", region: REGION, partition: "aws" };
      const { checks } = await examine({
        stackName: "repull",
        home,
        // moto knows no durable functions, and its TestEventPattern says yes to anything.
        stack: {
          ...stack,
          mappings: () => stack.mappings("repull-detect"),
          functionNamed: async (name) => {
            const part = await stack.functionNamed(name);
            return part.kind === "read" ? { ...part, value: { ...part.value, isDurable: true } } : part;
          },
        },
        roles: createRoles(settings()),
        quota: async () => undefined,
      });
      return new Map(checks.map(({ check, result, because }) => [check, `${result}: ${because}`]));
    };
    // Nor does it make the alias that the stack asks for.
    const lambda = new LambdaClient(settings());
    for (const name of ["detect", "remediate", "mirror"])
      await lambda.send(
        new CreateAliasCommand({ FunctionName: `repull-${name}`, Name: "live", FunctionVersion: "$LATEST" }),
      );
    const well = await examined();
    for (const check of [
      "function detect",
      "function remediate",
      "function mirror",
      "mapping",
      "queue",
      "dead letters",
      "rule",
    ])
      expect(well.get(check), check).toMatch(/^passed/);

    const resources = await resourcesOf("repull");
    const events = new EventBridgeClient(settings());
    await events.send(new DisableRuleCommand({ Name: resources.get("PullFailureRule")?.id ?? "" }));
    const sqs = new SQSClient(settings());
    const QueueUrl = resources.get("UnhandledQueue")?.id ?? "";
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" }));
    const ill = await examined();
    expect([ill.get("rule"), ill.get("dead letters"), ill.get("queue")]).toEqual([
      expect.stringMatching(/^failed: .* is disabled/),
      expect.stringMatching(/^failed: 1 messages/),
      expect.stringMatching(/^passed/),
    ]);
  });

  test("is updated: a setting reaches the functions", async () => {
    await cloudFormation("UpdateStack", {
      StackName: "repull",
      TemplateBody: template,
      ...withParameters({ ...EVERYTHING, Mode: "observe" }),
    });
    const made = await new LambdaClient(settings()).send(
      new GetFunctionConfigurationCommand({ FunctionName: "repull-remediate" }),
    );
    expect(made.Environment?.Variables?.REPULL_MODE).toBe("observe");
  });

  test("is removed, and nothing of it stays", async () => {
    await cloudFormation("DeleteStack", { StackName: "repull" });
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
