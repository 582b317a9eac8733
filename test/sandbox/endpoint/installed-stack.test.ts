/** The parts of a stack that the served account has in addition to the functions, asked with AWS's own clients as the doctor asks them. */

import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDeadLetters } from "../../../src/aws/adapters/dead-letter-queue.ts";
import { readContainerInstances } from "../../../src/aws/client/read-container-instances.ts";
import { createApprovalStore } from "../../../src/aws/stack/approval-callbacks.ts";
import { type DeployedStack, readDeployedStack } from "../../../src/aws/stack/deployed-stack.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { accountOf } from "../../../src/sandbox/endpoint/call.ts";
import { matchesPattern } from "../../../src/sandbox/endpoint/event-pattern.ts";
import { type ServedEndpoint, serveEndpoint } from "../../../src/sandbox/endpoint/serve-endpoint.ts";
import { queueUrl, rulesOfStack } from "../../../src/sandbox/endpoint/stack-parts.ts";
import { EXAMPLE_LOCATION } from "../../../src/sandbox/example-location.ts";
import { createWorld } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { readTemplate } from "../../support/aws/template.ts";

const FILE = readWorldFile({ services: [], registries: {} });
const STACK = { name: "repull", mode: "observe" } as const;

describe("a served stack", () => {
  let endpoint: ServedEndpoint;
  let stack: DeployedStack;
  let aws: Parameters<typeof readDeployedStack>[0];
  beforeEach(async () => {
    endpoint = await serveEndpoint(accountOf(await createWorld(FILE), FILE, STACK));
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    aws = { region: "us-east-1", endpoint: endpoint.url, credentials, attemptsMax: 1 };
    stack = readDeployedStack(aws, "repull");
  });
  afterEach(() => endpoint.close());

  const queueOf = async () => {
    const mappings = await stack.mappings("repull-detect");
    return mappings.kind === "read" ? (mappings.value[0]?.queueArn ?? "") : "";
  };

  test("has a queue before detect, with a queue for what is received in vain", async () => {
    const queue = await stack.queue(await queueOf());
    expect(queue).toMatchObject({ kind: "read", value: { messages: 0 } });
    const unhandled = queue.kind === "read" ? (queue.value.deadLetterArn ?? "") : "";
    expect(await stack.queue(unhandled)).toMatchObject({ kind: "read", value: { messages: 0 } });
  });

  test("has two rules into that queue", async () => {
    const rules = await stack.rulesInto(await queueOf());
    expect(rules.kind === "read" && rules.value.map(({ name }) => name)).toEqual([
      "repull-PullFailureRule",
      "repull-ProbeRule",
    ]);
  });

  test("shows the reason of a message that could not be handled, and counts it", async () => {
    const url = queueUrl("repull-UnhandledQueue", EXAMPLE_LOCATION);
    await createDeadLetters(aws, url).reject("{", "it is not JSON");
    expect(await stack.queue(url)).toMatchObject({ value: { messages: 1 } });
    expect(await stack.oldestDeadLetter(url)).toMatchObject({ value: { because: "it is not JSON" } });
  });

  test("has no other queue, and no mapping to another function", async () => {
    expect((await stack.queue(queueUrl("other", EXAMPLE_LOCATION))).kind).toBe("unread");
    expect(await stack.mappings("other-detect")).toEqual({ kind: "read", value: [] });
  });

  test("has no executions of a function that is not there: Lambda refuses to list them", async () => {
    expect(await createApprovalStore(aws, "repull-remediate").running()).toEqual([]);
    const other = createApprovalStore(aws, "other-remediate");
    await expect(other.running()).rejects.toMatchObject({ kind: "absent" });
  });
});

test("the served account describes container instances as its network has them", async () => {
  const machines = {
    prod: [{ architecture: "X86_64", subnet: "subnet-a", role: "node" }, { architecture: "ARM64" }],
  };
  const file = readWorldFile({
    services: [{ name: "web", cluster: "prod", image: "nginx:1" }],
    machines,
    registries: {},
  });
  const world = await createWorld(file);
  const served = await serveEndpoint(accountOf(world, file));
  try {
    const configuration = {
      region: "us-east-1",
      endpoint: served.url,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    };
    const clients = { ecs: new ECSClient(configuration), ec2: new EC2Client(configuration) };
    const read = await readContainerInstances("prod", clients);
    const [cluster] = world.cluster.clusters();
    expect(read).toMatchObject(await world.ports.networks.instances(cluster?.arn ?? ""));
    expect(read).toHaveLength(2);
    const gone = clients.ec2.send(new DescribeInstancesCommand({ InstanceIds: ["i-9"] }));
    await expect(gone).rejects.toMatchObject({ name: "InvalidInstanceID.NotFound" });
  } finally {
    await served.close();
  }
});

describe("the sandbox's rules", () => {
  const { resources } = readTemplate();
  const rules = rulesOfStack(STACK, EXAMPLE_LOCATION);
  for (const { name, pattern } of rules)
    test(`${name} has the pattern of the template`, () => {
      const properties = resources[name.replace("repull-", "")]?.Properties as JsonObject;
      expect(pattern).toEqual(properties.EventPattern);
    });
});

describe("a pattern", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [string, JsonObject, JsonObject, boolean])[] = [
    ["matches an equal string",               { a: ["x", "y"] },                     { a: "y" },                 true],
    ["matches one element of a list",         { a: ["x"] },                          { a: ["w", "x"] },          true],
    ["matches a member of one of the objects", { a: { b: ["x"] } },                  { a: [{ b: "w" }, { b: "x" }] }, true],
    ["does not match an absent member",       { a: ["x"] },                          { b: "x" },                 false],
    ["asks for every member",                 { a: ["x"], b: ["y"] },                { a: "x", b: "z" },         false],
    ["matches any text in place of a *",      { a: [{ wildcard: "*.c*t" }] },        { a: "a.cat" },             true],
    ["takes a dot literally",                 { a: [{ wildcard: "*.c*t" }] },        { a: "abcat" },             false],
    ["is met by one side of $or",             { $or: [{ a: ["x"] }, { b: ["x"] }] }, { b: "x" },                 true],
    ["is not met by no side of $or",          { $or: [{ a: ["x"] }, { b: ["x"] }] }, { c: "x" },                 false],
  ];
  for (const [title, pattern, event, matches] of table)
    test(title, () => expect(matchesPattern(pattern, event)).toBe(matches));

  test("is refused where it uses what no rule of Repull does", () =>
    expect(() => matchesPattern({ a: [{ prefix: "x" }] }, { a: "xy" })).toThrow("prefix"));
});
