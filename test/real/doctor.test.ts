/**
 * The doctor against a deployed stack in moto that is broken, one thing after the other: each breakage fails its own
 * check, and no other, with the remedy that mends it.
 */

import assert from "node:assert/strict";
import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { PurgeQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Check } from "../../src/cli/doctor/check.ts";
import { stackUnderTest } from "../../src/cli/doctor/doctor.ts";
import { runChecks } from "../../src/cli/doctor/run-checks.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";
import { stacksIn } from "../support/aws/moto-stack.ts";
import { commandIo } from "../support/command-io.ts";

const REGION = "us-east-1";
const HOME = { account: MOTO_ACCOUNT, region: REGION, partition: "aws" };
const GOOD = JSON.stringify({ username: "acme", password: "never shown", accessToken: "never shown" });

let moto: Moto;
let idOf: (logicalId: string) => string;
let secret: string;
let lambda: LambdaClient;
let events: EventBridgeClient;
let sqs: SQSClient;
let ssm: SSMClient;
let secrets: SecretsManagerClient;

beforeAll(async () => {
  moto = await startMoto();
  const settings = { region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS };
  [lambda, events, sqs, ssm, secrets] = [
    new LambdaClient(settings),
    new EventBridgeClient(settings),
    new SQSClient(settings),
    new SSMClient(settings),
    new SecretsManagerClient(settings),
  ];
  const made = await secrets.send(new CreateSecretCommand({ Name: "hub", SecretString: GOOD }));
  secret = made.ARN ?? "";
  const stacks = await stacksIn(moto, REGION);
  await stacks.create("repull", {
    Mode: "remediate",
    PassableRoleArns: "arn:aws:iam::123456789012:role/ecs/*",
    DockerHubSecretArn: secret,
  });
  // moto does not make the alias that the stack asks for.
  for (const name of ["detect", "remediate", "mirror"]) await makeAlias(name);
  const resources = await stacks.resourcesOf("repull");
  idOf = (logicalId) => resources.get(logicalId)?.id ?? "";
});
afterAll(() => moto?.stop());

const makeAlias = (name: string) =>
  lambda.send(
    new CreateAliasCommand({ FunctionName: `repull-${name}`, Name: "live", FunctionVersion: "$LATEST" }),
  );

/** What the doctor says, with fakes for what moto does not play. */
async function examined(): Promise<readonly Check[]> {
  const aws = { region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS };
  const send = async (): Promise<never> => assert.fail("no check asks a registry here");
  const tested = stackUnderTest(aws, HOME, "repull", { send, io: commandIo(), clock: systemClock });
  const { checks } = await runChecks({
    ...tested,
    stack: {
      ...tested.stack,
      // moto does not report how many executions an account may run at once.
      unreservedConcurrency: async () => ({ kind: "read", value: 1000 }),
      // moto knows no durable functions, maps to a function and not to its alias, and matches any pattern.
      mappings: () => tested.stack.mappings("repull-detect"),
      matches: async (_, event) => ({ kind: "read", value: JSON.stringify(event).includes("CannotPull") }),
      functionNamed: async (name) => {
        const part = await tested.stack.functionNamed(name);
        return part.kind === "read" ? { ...part, value: { ...part.value, isDurable: true } } : part;
      },
    },
    executions: {
      since: async () => ({ kind: "read", value: [] }),
      described: async () => ({ kind: "read", value: {} }),
    },
    roles: { simulate: async () => ({ kind: "allowed" }) },
    cache: { pullThroughRules: async () => [], validateRule: async () => ({ isValid: true, because: "" }) },
    quota: async () => undefined,
  });
  return checks;
}

const failures = async () => (await examined()).filter(({ result }) => result === "failed");

test("the stack as it was deployed passes every check", async () => {
  expect((await examined()).filter(({ result }) => result !== "passed")).toEqual([]);
});

type Breakage = {
  readonly check: string;
  readonly because: RegExp;
  readonly remedy: RegExp;
  readonly breaks: () => Promise<unknown>;
  readonly mends: () => Promise<unknown>;
};

const mappingEnabled = async (Enabled: boolean) => {
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({}));
  const [mapping] = EventSourceMappings;
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping?.UUID, Enabled }));
};
const letter = (queue: string, because?: string) =>
  sqs.send(
    new SendMessageCommand({
      QueueUrl: idOf(queue),
      MessageBody: "{}",
      ...(because === undefined
        ? {}
        : { MessageAttributes: { because: { DataType: "String", StringValue: because } } }),
    }),
  );
const purged = (queue: string) => sqs.send(new PurgeQueueCommand({ QueueUrl: idOf(queue) }));
const killSwitch = (Value: string) =>
  ssm.send(new PutParameterCommand({ Name: "/repull/writes", Value, Type: "String", Overwrite: true }));
const inSecret = (SecretString: string) =>
  secrets.send(new PutSecretValueCommand({ SecretId: secret, SecretString }));
const targetOfRule = async (undelivered: boolean) => {
  const Rule = idOf("PullFailureRule");
  const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule }));
  const targets = Targets.map(({ DeadLetterConfig: _, ...target }) =>
    undelivered
      ? {
          ...target,
          DeadLetterConfig: { Arn: `arn:aws:sqs:${REGION}:${MOTO_ACCOUNT}:${nameOf("UndeliveredQueue")}` },
        }
      : target,
  );
  await events.send(new PutTargetsCommand({ Rule, Targets: targets }));
};
const nameOf = (queue: string) => idOf(queue).slice(idOf(queue).lastIndexOf("/") + 1);

// biome-ignore format: a table is read by its columns
const table: Readonly<Record<string, Breakage>> = {
  "a function whose alias is gone": { check: "function mirror", because: /no repull-mirror with an alias live/, remedy: /sam deploy/,
    breaks: () => lambda.send(new DeleteAliasCommand({ FunctionName: "repull-mirror", Name: "live" })), mends: () => makeAlias("mirror") },
  "a mapping that is disabled": { check: "mapping", because: /Disabled/, remedy: /update-event-source-mapping --enabled --uuid [0-9a-f-]{36}/,
    breaks: () => mappingEnabled(false), mends: () => mappingEnabled(true) },
  "a message that is not consumed": { check: "queue", because: /1 message waits/, remedy: /#waiting/,
    breaks: () => letter("PullFailureQueue"), mends: () => purged("PullFailureQueue") },
  "a dead letter with its reason": { check: "dead letters", because: /1 message lies .*\(0 h\): body: expected JSON/, remedy: /#dead-letters/,
    breaks: () => letter("UnhandledQueue", "body: expected JSON"), mends: () => purged("UnhandledQueue") },
  "a dead letter of a redrive": { check: "dead letters", because: /detect failed five times/, remedy: /#dead-letters/,
    breaks: () => letter("UnhandledQueue"), mends: () => purged("UnhandledQueue") },
  "an event that could not be delivered": { check: "undelivered", because: /1 message lies/, remedy: /#undelivered/,
    breaks: () => letter("UndeliveredQueue"), mends: () => purged("UndeliveredQueue") },
  "a rule that was disabled": { check: "rule", because: /is disabled/, remedy: /aws events enable-rule --name \S+/,
    breaks: () => events.send(new DisableRuleCommand({ Name: idOf("PullFailureRule") })), mends: () => events.send(new EnableRuleCommand({ Name: idOf("PullFailureRule") })) },
  "a rule whose target lost its queue for failures": { check: "undelivered", because: /is lost/, remedy: /deploy the stack again/,
    breaks: () => targetOfRule(false), mends: () => targetOfRule(true) },
  "a kill switch that is set": { check: "kill-switch", because: /pulled: Ada: freeze/, remedy: /put-parameter --name \/repull\/writes --overwrite --value allowed/,
    breaks: () => killSwitch("Ada: freeze"), mends: () => killSwitch("allowed") },
  "a kill switch that was deleted": { check: "kill-switch", because: /nothing is written/, remedy: /deploy the stack again/,
    breaks: () => ssm.send(new DeleteParameterCommand({ Name: "/repull/writes" })), mends: () => killSwitch("allowed") },
  "a secret that is not JSON": { check: "Docker Hub secret", because: /not a JSON object/, remedy: /policy\.md#a-docker-hub-account/,
    breaks: () => inSecret("hunter2-hunter2"), mends: () => inSecret(GOOD) },
  "a secret with keys of another tool": { check: "Docker Hub secret", because: /none of the keys/, remedy: /policy\.md#a-docker-hub-account/,
    breaks: () => inSecret(JSON.stringify({ user: "acme", token: "hunter2-hunter2" })), mends: () => inSecret(GOOD) },
  "a secret for the cache alone": { check: "Docker Hub secret", because: /no password/, remedy: /same token/,
    breaks: () => inSecret(JSON.stringify({ username: "acme", accessToken: "hunter2-hunter2" })), mends: () => inSecret(GOOD) },
  "a secret that is about to be deleted": { check: "Docker Hub secret", because: /about to be deleted/, remedy: /policy\.md#a-docker-hub-account/,
    breaks: () => secrets.send(new DeleteSecretCommand({ SecretId: secret })), mends: () => secrets.send(new RestoreSecretCommand({ SecretId: secret })) },
};

for (const [sentence, { check, because, remedy, breaks, mends }] of Object.entries(table)) {
  test(`${sentence} fails ${check}, and mending it passes`, async () => {
    await breaks();
    const found = await failures().finally(mends);
    expect(found).toEqual([
      {
        check,
        result: "failed",
        because: expect.stringMatching(because),
        remedy: expect.stringMatching(remedy),
      },
    ]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    expect(await failures()).toEqual([]);
  });
}

test("an observing stack is well, and says that it writes nothing", async () => {
  const environment = { REPULL_MODE: "observe", REPULL_MIRROR_PREFIX: "repull" };
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: "repull-detect",
      Environment: { Variables: { ...environment, REPULL_DEAD_LETTER_QUEUE_URL: idOf("UnhandledQueue") } },
    }),
  );
  const checks = await examined();
  expect(checks.find(({ check }) => check === "function detect")?.because).toMatch(/observes/);
});
