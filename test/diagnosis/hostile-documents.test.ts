/**
 * Documents and networks of strangers: whatever their size or form, the work is bounded. Counted, not timed: what was read, what
 * was kept, and how far a pattern goes back.
 */

import { describe, expect, test } from "vitest";
import { recordedReads } from "../../src/aws/diagnosis/recorded-reads.ts";
import { startsInText } from "../../src/cli/input/failed-start-documents.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import {
  type FailedStart,
  failedStartOf,
  failedStartsIn,
  REASONS_MAX,
} from "../../src/diagnosis/failed-start.ts";
import type { AccountReads } from "../../src/diagnosis/reads.ts";
import { hypothesesOf } from "../../src/diagnosis/words/hypotheses.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { parseBlock } from "../../src/network/addresses.ts";
import { NAT_PORTS, passageOf } from "../../src/network/network-acls.ts";
import { takes } from "../../src/network/wildcard.ts";
import type { JsonObject } from "../../src/runtime/json.ts";

const task = (more: JsonObject): JsonObject => ({
  taskArn: "arn:aws:ecs:us-east-1:123456789012:task/prod/1",
  group: "service:web",
  launchType: "FARGATE",
  stopCode: "TaskFailedToStart",
  ...more,
});
const only = (document: JsonObject): FailedStart => {
  const [start] = failedStartsIn(document) ?? [];
  if (start === undefined) throw new RangeError("no start");
  return start;
};

/** The same reads, counted. */
function counted(reads: AccountReads): AccountReads & { readonly calls: () => number } {
  let calls = 0;
  return {
    ...reads,
    read: (...call) => {
      calls += 1;
      return reads.read(...call);
    },
    network: (sources) => {
      calls += 1;
      return reads.network(sources);
    },
    calls: () => calls,
  };
}
const nothing = () => counted(recordedReads(new Map(), { account: "123456789012", region: "us-east-1" }));

describe("a document of ten megabytes", () => {
  test("of one text keeps no more of it than a reason can have", async () => {
    const found = await diagnose(failedStartOf("CannotPullContainerError: x ".repeat(400_000)), nothing());
    expect(JSON.stringify(found).length).toBeLessThan(10_000);
  });

  test("of a hundred thousand containers keeps as many reasons as are worth reading", async () => {
    const containers = Array.from({ length: 100_000 }, (_, index) => ({
      name: `c${index}`,
      reason: `CannotPullContainerError: ${index}`,
    }));
    const start = only({ tasks: [task({ containers })] });
    expect(start.reasons.length).toBe(REASONS_MAX);
    const reads = nothing();
    const found = await diagnose(start, reads);
    expect(reads.calls()).toBeLessThan(60);
    expect(found.causes.length).toBeLessThanOrEqual(3);
  });

  test("of a hundred thousand events of a service reads a hundred", () => {
    const events = Array.from({ length: 100_000 }, () => ({
      message: "(service web) was unable to place a task. Reason: Internal error.",
    }));
    expect(only({ services: [{ serviceName: "web", events }] }).reasons.length).toBeLessThanOrEqual(100);
  });

  test("of ten thousand tasks is diagnosed in seconds, each task in less than the time of a request", {
    timeout: 5000,
  }, async () => {
    const reads = recordedReads(new Map(), { account: "123456789012", region: "us-east-1" });
    const tasks = Array.from({ length: 10_000 }, (_, index) =>
      task({ stoppedReason: `CannotPullContainerError: ${index % 50} i/o timeout`, containers: [] }),
    );
    const found = [];
    for (const start of failedStartsIn({ tasks }) ?? []) found.push(await diagnose(start, reads));
    expect(found.length).toBe(10_000);
    expect(new Set(found.map(({ verdict }) => verdict))).toEqual(new Set(["not-sure"]));
  });

  test("that is nested a hundred thousand deep is named for what it is", () => {
    const text = `${'{"task":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    expect(() => startsInText(text, "a.json")).toThrow(InvalidInput);
  });

  test("that is not a document is named for what it is", () => {
    expect(() => startsInText("x".repeat(10_000_000), "a.json")).toThrow(InvalidInput);
  });
});

describe("a hostile ARN", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["of a million colons",     ":".repeat(1_000_000)],
    ["of a million slashes",    `arn:aws:ecs:us-east-1:1:task/${"/".repeat(1_000_000)}`],
    ["that leads out of a path", "arn:aws:ecs:us-east-1:123456789012:task/../../../etc/passwd"],
    ["with a line of its own",  "arn:aws:ecs:us-east-1:123456789012:task/prod/1\n0. forged"],
    ["that is not text",         1 as unknown as string],
  ] as const;
  for (const [what, arn] of table)
    test(`${what} ends in a diagnosis of bounded size`, async () => {
      const document = {
        tasks: [
          task({ taskArn: arn, clusterArn: arn, taskDefinitionArn: arn, stoppedReason: "InternalError" }),
        ],
      };
      const reads = nothing();
      const found = await diagnose(only(document), reads);
      expect(found.causes[0]?.code).toBe("ecs-internal-error");
      expect(reads.calls()).toBeLessThan(60);
    });
});

describe("a network of a stranger", () => {
  const network = (routes: readonly JsonObject[], tables = 1): ReadonlyMap<string, JsonObject> =>
    new Map<string, JsonObject>([
      [
        "ec2.DescribeSubnets",
        { Subnets: [{ SubnetId: "subnet-1", VpcId: "vpc-1", CidrBlock: "10.0.0.0/24" }] },
      ],
      [
        "ec2.DescribeRouteTables",
        {
          RouteTables: Array.from({ length: tables }, (_, index) => ({
            RouteTableId: `rtb-${index}`,
            VpcId: "vpc-1",
            Associations: [{ Main: index === 0 }],
            Routes: [...routes],
          })),
        },
      ],
      [
        "ec2.DescribeNatGateways",
        {
          NatGateways: [
            { NatGatewayId: "nat-1", State: "available", ConnectivityType: "public", SubnetId: "subnet-1" },
          ],
        },
      ],
      ["ec2.DescribeVpcEndpoints", { VpcEndpoints: [] }],
      [
        "ecs.DescribeServices",
        {
          services: [
            {
              serviceName: "web",
              launchType: "FARGATE",
              networkConfiguration: {
                awsvpcConfiguration: {
                  subnets: ["subnet-1"],
                  securityGroups: ["sg-1"],
                  assignPublicIp: "DISABLED",
                },
              },
            },
          ],
        },
      ],
    ]);
  const NO_WAY = 'Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 44.213.79.86:443: i/o timeout';
  const found = async (recorded: ReadonlyMap<string, JsonObject>) =>
    await diagnose(
      only({
        tasks: [
          task({
            stoppedReason: NO_WAY,
            attachments: [
              { type: "ElasticNetworkInterface", details: [{ name: "subnetId", value: "subnet-1" }] },
            ],
          }),
        ],
      }),
      recordedReads(recorded, { account: "123456789012", region: "us-east-1" }),
    );
  const toNat = { DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: "nat-1", State: "active" };

  test("whose NAT gateway is in the subnet that leads to it, which leads nowhere, ends", async () => {
    const { checks } = await found(network([toNat]));
    expect(checks.length).toBeGreaterThan(0);
  });

  test("of a hundred thousand routes, and a thousand tables of it, is answered", async () => {
    const routes = Array.from({ length: 100_000 }, (_, index) => ({
      DestinationCidrBlock: `${(index >> 16) + 11}.${(index >> 8) & 255}.${index & 255}.0/24`,
      GatewayId: "igw-1",
      State: "active",
    }));
    expect((await found(network([...routes, toNat]))).checks.length).toBeGreaterThan(0);
    expect((await found(network([toNat], 1000))).checks.length).toBeGreaterThan(0);
  });
});

describe("the network of many tasks", () => {
  test("is concluded once from what was recorded of it", async () => {
    let read = 0;
    class Counted extends Map<string, JsonObject> {
      override get(name: string): JsonObject | undefined {
        if (name === "ec2.DescribeRouteTables") read += 1;
        return super.get(name);
      }
    }
    const reads = recordedReads(new Counted(), { account: "123456789012", region: "us-east-1" });
    const sources = [{ subnet: "subnet-1", hasPublicAddress: false }];
    for (let index = 0; index < 100; index += 1) await reads.network([...sources]);
    expect(read).toBe(1);
  });
});

test("a network ACL of more rules than AWS allows is not sure, and takes no time that grows with their square", () => {
  const entries = Array.from({ length: 20_000 }, (_, index) => ({
    number: index,
    isEgress: true,
    protocol: "6",
    isAllow: index % 2 === 0,
    block: "10.0.0.0/8",
    fromPort: 1024 + index,
    toPort: 1024 + index,
  }));
  const acl = { id: "acl-1", subnets: ["subnet-1"], entries };
  const peer = parseBlock("10.0.0.0/16");
  expect(passageOf(acl, "egress", peer === undefined ? [] : [peer], NAT_PORTS)).toBe("some");
});

describe("a pattern of a policy", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["*",                 "anything",              true],
    ["a*c",               "abc",                   true],
    ["a?c",               "abc",                   true],
    ["a*c",               "abd",                   false],
    ["",                  "",                      true],
    ["",                  "a",                     false],
    ["secret:db-??????",  "secret:db-AbCdEf",      true],
    ["secret:db",         "secret:db-AbCdEf",      false],
    ["a.c",               "abc",                   false],
    [`${"*a".repeat(200)}b`, "a".repeat(5000),     false],
    [`${"*".repeat(5000)}b`, "a".repeat(5000),     false],
  ] as const;
  for (const [pattern, text, wanted] of table)
    test(`${pattern.slice(0, 20)} ${wanted ? "takes" : "does not take"} ${text.slice(0, 20)}`, () => {
      expect(takes(pattern, text)).toBe(wanted);
    });
});

test("words of a thousand hosts lead to no more causes than a verdict has", () => {
  const text = Array.from(
    { length: 1000 },
    (_, index) => `CannotPullContainerError: failed to resolve ref host${index}.example/a:1: not found`,
  ).join(" ");
  expect(hypothesesOf(failedStartOf(text)).length).toBeLessThanOrEqual(4);
});
