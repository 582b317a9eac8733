import { describe, expect, test } from "vitest";
import type { DeployedFunction, DeployedStack, Part } from "../../src/aws/deployed-stack.ts";
import { type Check, examine, type Patient } from "../../src/cli/doctor-checks.ts";
import { AwsError, type AwsErrorKind } from "../../src/remediation/aws-error.ts";
import type { JsonObject } from "../../src/runtime/json.ts";

const HOME = { account: "123456789012", region: "us-east-1", partition: "aws" };
const QUEUE = "arn:aws:sqs:us-east-1:123456789012:repull-queue";
const DEAD = "https://sqs.us-east-1.amazonaws.com/123456789012/repull-unhandled";
const PATTERN = JSON.stringify({
  detail: { clusterArn: [{ wildcard: "arn:aws:ecs:us-east-1:123456789012:cluster/prod-*" }] },
});

const read = <T>(value: T): Part<T> => ({ kind: "read", value });
const unread = (kind: AwsErrorKind, action: string): Part<never> => ({
  kind: "unread",
  error: new AwsError(kind, action, `${action}: ${kind}`),
});

const deployedFunction = (name: string): DeployedFunction => ({
  arn: `arn:aws:lambda:us-east-1:123456789012:function:repull-${name}:live`,
  runtime: "nodejs24.x",
  state: "Active",
  roleArn: `arn:aws:iam::123456789012:role/repull-${name}`,
  isDurable: name !== "detect",
  environment: {
    REPULL_MODE: "remediate",
    REPULL_DEAD_LETTER_QUEUE_URL: DEAD,
    REPULL_MIRROR_PREFIX: "copies",
  },
});

/** A stack as it should be; a test changes what it is about. */
function patient(ill: Partial<DeployedStack> = {}, others: Partial<Patient> = {}): Patient {
  return {
    stackName: "repull",
    home: HOME,
    stack: {
      functionNamed: async (name) => read(deployedFunction(name)),
      mappings: async () => read([{ queueArn: QUEUE, state: "Enabled", reportsBatchItemFailures: true }]),
      queue: async (name) =>
        read({
          url: name === QUEUE ? "https://queue" : name,
          arn: QUEUE,
          messages: 0,
          inFlight: 0,
          deadLetterArn: "dead",
        }),
      rulesInto: async () => read([{ name: "repull-rule", isEnabled: true, pattern: PATTERN }]),
      matches: async (_pattern, event) => read(JSON.stringify(event).includes("CannotPull")),
      ...ill,
    },
    roles: { mayDo: async () => ({ kind: "allowed" }) },
    quota: async () => ({ limit: 100, remaining: 80, source: "203.0.113.7" }),
    ...others,
  };
}

const notPassed = (checks: readonly Check[]) => checks.filter(({ result }) => result !== "passed");

test("a stack as it should be passes every check", async () => {
  const { checks, queueUrl, cluster } = await examine(patient());
  expect(notPassed(checks)).toEqual([]);
  expect(checks.length).toBeGreaterThan(10);
  expect([queueUrl, cluster]).toEqual(["https://queue", "prod-repull-doctor"]);
});

test("a stack that only observes says so, and is well", async () => {
  const observing = { ...deployedFunction("detect"), environment: { REPULL_MODE: "observe" } };
  const { checks } = await examine(
    patient({ functionNamed: async () => read({ ...observing, isDurable: true }) }),
  );
  expect(checks[0]).toMatchObject({ result: "passed", because: expect.stringMatching(/observes/) });
});

describe("what is wrong is one failed check with its remedy", () => {
  const queue = (messages: number) => ({
    url: "https://queue",
    arn: QUEUE,
    messages,
    inFlight: 1,
    deadLetterArn: "d",
  });
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, string, Partial<DeployedStack>, RegExp])[] = [
    ["a function that is not there",    "function mirror",    { functionNamed: async (name) => (name === "mirror" ? unread("absent", "lambda:GetFunctionConfiguration") : read(deployedFunction(name))) }, /no repull-mirror/],
    ["a function that is not durable",  "function remediate", { functionNamed: async (name) => read({ ...deployedFunction(name), isDurable: name === "mirror" }) }, /not durable/],
    ["a function that is pending",      "function detect",    { functionNamed: async (name) => read({ ...deployedFunction(name), state: name === "detect" ? "Failed" : "Active" }) }, /Failed/],
    ["no mapping",                      "mapping",            { mappings: async () => read([]) }, /no queue/],
    ["a mapping that is disabled",      "mapping",            { mappings: async () => read([{ queueArn: QUEUE, state: "Disabled", reportsBatchItemFailures: true }]) }, /Disabled/],
    ["a mapping of whole batches",      "mapping",            { mappings: async () => read([{ queueArn: QUEUE, state: "Enabled", reportsBatchItemFailures: false }]) }, /whole batch/],
    ["messages that wait",              "queue",              { queue: async (name) => read(queue(name === QUEUE ? 7 : 0)) }, /7 messages wait/],
    ["dead letters",                    "dead letters",       { queue: async (name) => read(queue(name === QUEUE ? 0 : 3)) }, /3 messages/],
    ["a disabled rule",                 "rule",               { rulesInto: async () => read([{ name: "r", isEnabled: false, pattern: PATTERN }]) }, /disabled/],
    ["no rule",                         "rule",               { rulesInto: async () => read([]) }, /no rule/],
    ["a pattern that misses EC2",       "rule pattern",       { matches: async (_, event) => read("stoppedReason" in (event as { detail: JsonObject }).detail && JSON.stringify((event as { detail: JsonObject }).detail.stoppedReason).includes("CannotPull")) }, /EC2's form/],
    ["a pattern that matches anything", "rule pattern",       { matches: async () => read(true) }, /a task that runs/],
  ];
  for (const [sentence, check, ill, words] of table) {
    test(sentence, async () => {
      const { checks } = await examine(patient(ill));
      const failures = checks.filter(({ result }) => result === "failed");
      expect(failures).toEqual([
        {
          check,
          result: "failed",
          because: expect.stringMatching(words),
          remedy: expect.stringMatching(/\w{4}/),
        },
      ]);
    });
  }

  test("a right that the role lacks, with the action and the resource", async () => {
    const { checks } = await examine(
      patient(
        {},
        {
          roles: {
            mayDo: async (_, actions) =>
              actions.includes("ecr:PutImage")
                ? { kind: "refused", action: "ecr:PutImage" }
                : { kind: "allowed" },
          },
        },
      ),
    );
    expect(notPassed(checks)).toMatchObject([
      {
        check: "rights of mirror",
        result: "failed",
        because: expect.stringMatching(/ecr:PutImage.*repository\/copies\//),
      },
    ]);
  });

  test("a quota that is spent", async () => {
    const { checks } = await examine(patient({}, { quota: async () => ({ limit: 100, remaining: 0 }) }));
    expect(notPassed(checks)).toMatchObject([{ check: "Docker Hub quota", result: "failed" }]);
  });
});

describe("what could not be looked at is not checked, and no failure", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, Partial<DeployedStack>, string])[] = [
    ["function detect", { functionNamed: async () => unread("denied", "lambda:GetFunctionConfiguration") },  "allow yourself lambda:GetFunctionConfiguration"],
    ["mapping",         { mappings: async () => unread("denied", "lambda:ListEventSourceMappings") },         "allow yourself lambda:ListEventSourceMappings"],
    ["queue",           { queue: async () => unread("denied", "sqs:GetQueueAttributes") },                    "allow yourself sqs:GetQueueAttributes"],
    ["rule",            { rulesInto: async () => unread("denied", "events:ListRuleNamesByTarget") },          "allow yourself events:ListRuleNamesByTarget"],
    ["rule pattern",    { matches: async () => unread("denied", "events:TestEventPattern") },                 "allow yourself events:TestEventPattern"],
  ];
  for (const [check, ill, remedy] of table) {
    test(check, async () => {
      const { checks } = await examine(patient(ill));
      expect(checks.filter(({ result }) => result === "failed")).toEqual([]);
      expect(checks.find((one) => one.check === check)).toMatchObject({ result: "not checked", remedy });
    });
  }

  test("rights, where IAM does not tell; the quota, where nobody answers", async () => {
    const { checks } = await examine(
      patient(
        {},
        {
          roles: { mayDo: async () => ({ kind: "unknown", because: "iam:SimulatePrincipalPolicy: denied" }) },
          quota: async () => {
            throw new Error("no route to Docker Hub");
          },
        },
      ),
    );
    expect(notPassed(checks).map(({ check, result }) => [check, result])).toEqual([
      ["rights of detect", "not checked"],
      ["rights of remediate", "not checked"],
      ["rights of mirror", "not checked"],
      ["Docker Hub quota", "not checked"],
    ]);
  });
});
