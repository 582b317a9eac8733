/** The clean-up over an account in moto: a first look that marks, a second one that deletes, and what keeps a copy from going. */

import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPrunePorts } from "../../src/aws/mirrors/prune-ports.ts";
import { type PruneReport, runPrune } from "../../src/mirrors/prune/run-prune.ts";
import {
  type MirrorsAccount,
  OWN_ROLE,
  readImage,
  startMirrorsAccount,
} from "../support/aws/mirrors-account.ts";

const TABLE = "prune";
const ACCOUNT = "123456789012";
const HOST = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
const PARAMETER = "/repull/writes";

let account: MirrorsAccount;
let serial = 0;
let runs = 0;
let repository: string;

beforeAll(async () => {
  account = await startMirrorsAccount();
  const { settings } = account;
  await new DynamoDBClient(settings).send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
  await setSwitch("allowed");
  await new ECSClient(settings).send(new CreateClusterCommand({ clusterName: "prod" }));
}, 90_000);
afterAll(() => account?.stop());

beforeEach(async () => {
  serial += 1;
  // Each test has a prefix of its own: one run sees its own repository alone.
  repository = `repull-${serial}/docker.io/library/nginx`;
  Object.assign(account, {
    days: 0,
    countsReads: false,
    override: () => undefined,
    change: (_: string, body: object) => body,
  });
  await account.repository(repository, "docker.io/library/nginx");
});

async function setSwitch(Value: string): Promise<void> {
  await new SSMClient(account.settings).send(
    new PutParameterCommand({ Name: PARAMETER, Value, Type: "String", Overwrite: true }),
  );
}

function run(days: number, isDryRun = false): Promise<PruneReport> {
  account.days = days;
  runs += 1;
  const ports = createPrunePorts(
    {
      aws: { ...account.settings, attemptsMax: 1 },
      table: TABLE,
      functions: ["repull-remediate", "repull-mirror"],
      writesParameter: PARAMETER,
      ownRole: OWN_ROLE,
    },
    ACCOUNT,
  );
  return runPrune({ prefix: `repull-${serial}`, host: HOST, run: `run ${runs}`, isDryRun }, ports);
}

const deletedIn = ({ deleted }: PruneReport) => deleted.flatMap(({ digests }) => digests).toSorted();

describe("a clean-up over AWS's API", () => {
  test("marks an unused copy, and deletes it a day later with its platforms, and says how to undo it", async () => {
    const child = await account.push(repository, "amd64");
    const index = await account.push(repository, "index", { tag: "1.27-", lists: [child] });
    const first = await run(100);
    expect(first).toMatchObject({
      kind: "pruned",
      deleted: [],
      marked: [{ digest: index }],
      kept: { "marked-now": 1 },
    });
    expect((await run(100.5)).kept).toEqual({ "marked-lately": 1 });
    const dry = await run(101.1, true);
    expect(dry).toMatchObject({ kind: "dry-run", deleted: [{ digest: index }] });
    expect(await account.images(repository)).toHaveLength(2);
    const second = await run(101.1);
    expect(deletedIn(second)).toEqual([child, index].toSorted());
    expect(second.deleted[0]?.undo).toEqual([
      "repull",
      "mirror",
      `docker.io/library/nginx@${index}`,
      `${HOST}/${repository}:1.27-${index.slice(7, 19)}`,
      "--all-platforms",
    ]);
    expect(await account.images(repository)).toEqual([]);
  });

  test("keeps a copy that an ACTIVE task definition names, whichever service runs it", async () => {
    const ecs = new ECSClient(account.settings);
    const digest = await account.push(repository, "web", { tag: "1.27-" });
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: `web-${serial}`,
        containerDefinitions: [
          { name: "web", memory: 64, image: `${HOST}/${repository}:1.27-${digest.slice(7, 19)}` },
        ],
      }),
    );
    await ecs.send(
      new CreateServiceCommand({
        cluster: "prod",
        serviceName: `web-${serial}`,
        taskDefinition: `web-${serial}`,
        desiredCount: 0,
      }),
    );
    expect((await run(100)).kept).toEqual({ used: 1 });
    expect((await run(200)).deleted).toEqual([]);
  });

  test("never deletes an index where its own reads count as pulls", async () => {
    account.countsReads = true;
    await account.push(repository, "index", {
      tag: "1.27-",
      lists: [await account.push(repository, "amd64")],
    });
    for (const days of [100, 102, 104]) expect((await run(days)).deleted).toEqual([]);
  });

  test("keeps what was pulled between two looks", async () => {
    const digest = await account.push(repository, "web", { tag: "1.27-" });
    await run(100);
    account.countsReads = true;
    await readImage(account, repository, digest);
    expect((await run(102)).deleted).toEqual([]);
    expect((await run(300)).kept).toEqual({ "changed-since-mark": 1 });
  });

  const denied = { status: 400, body: { __type: "AccessDeniedException", message: "no" } };
  const twice = (list: string) => ({ status: 200, body: { [list]: [], nextToken: "again" } });
  // biome-ignore format: a table is read by its columns
  const reads: readonly (readonly [string, string | RegExp, { status: number; body: unknown }])[] = [
    ["clusters may not be listed",               "ListClusters",                         denied],
    ["a token of ListTaskDefinitions repeats",   "ListTaskDefinitions",                  twice("taskDefinitionArns")],
    ["an answer of ListTasks has no list",       "ListTasks",                            { status: 200, body: {} }],
    ["ListServices ends early",                  "ListServices",                         { status: 200, body: { serviceArns: [] } }],
    ["service revisions may not be read",        "DescribeServiceRevisions",             denied],
    ["deployments may not be listed",            "ListServiceDeployments",               denied],
    ["functions may not be listed",              /^GET \/2015-03-31\/functions/,         denied],
    ["executions may not be listed",             /durable-executions$/,                  denied],
    ["an execution of Repull runs",              /durable-executions$/,                  { status: 200, body: { DurableExecutions: [{ DurableExecutionArn: "a", DurableExecutionName: "a", FunctionArn: "f", Status: "RUNNING", StartTimestamp: 1 }] } }],
    ["job definitions may not be read",          /describejobdefinitions$/,              denied],
    ["projects may not be listed",               "ListProjects",                         denied],
    ["clusters of EKS may not be listed",        /^GET \/clusters/,                      denied],
    ["there is a cluster of EKS",                /^GET \/clusters/,                      { status: 200, body: { clusters: ["eks"] } }],
    ["rules may not be listed",                  "ListRules",                            denied],
    ["schedules may not be listed",              /^GET \/schedules/,                     denied],
    ["images may not be described",              "DescribeImages",                       denied],
    ["repositories may not be listed",           "DescribeRepositories",                 denied],
    ["the repository's tags may not be read",    "ListTagsForResource",                  denied],
    ["the repository's policy may not be read",  "GetRepositoryPolicy",                  denied],
    ["exclusions may not be listed",             "ListPullTimeUpdateExclusions",         denied],
    ["another principal's pulls are not recorded", "ListPullTimeUpdateExclusions",       { status: 200, body: { pullTimeUpdateExclusions: [OWN_ROLE, "arn:aws:iam::123456789012:role/nodes"] } }],
    ["the registry's policy lets others in",     "GetRegistryPolicy",                    { status: 200, body: { policyText: JSON.stringify({ Statement: [{ Effect: "Allow", Principal: "*" }] }) } }],
  ];
  for (const [when, action, answer] of reads)
    test(`deletes nothing when ${when} at the second look`, async () => {
      await account.push(repository, "web", { tag: "1.27-" });
      if (action === "ListServices")
        account.change = (name, body) =>
          name === "DescribeClusters"
            ? {
                ...body,
                clusters: (body.clusters as object[]).map((one) => ({ ...one, activeServicesCount: 3 })),
              }
            : body;
      await run(100);
      account.override = (name) =>
        (typeof action === "string" ? name === action : action.test(name)) ? answer : undefined;
      const second = await run(102);
      expect(second.deleted).toEqual([]);
      account.override = () => undefined;
      expect(await account.images(repository)).toHaveLength(1);
    }, 60_000);

  test("deletes nothing while the kill switch is set, or cannot be read", async () => {
    await account.push(repository, "web", { tag: "1.27-" });
    await run(100);
    await setSwitch("incident");
    try {
      expect(await run(102)).toMatchObject({ kind: "stopped", because: "incident", deleted: [] });
    } finally {
      await setSwitch("allowed");
    }
    account.override = (name) => (name === "GetParameter" ? denied : undefined);
    expect((await run(102)).kind).toBe("stopped");
  });

  test("lets one of two runs work, and releases the lock", async () => {
    await account.push(repository, "web", { tag: "1.27-" });
    const both = await Promise.all([run(100), run(100)]);
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(["locked", "pruned"]);
    expect((await run(102)).deleted).toHaveLength(1);
  });

  test("deletes nothing by a clock that went ahead, and came back", async () => {
    await account.push(repository, "web", { tag: "1.27-" });
    await run(100);
    expect((await run(10)).deleted).toEqual([]);
    expect((await run(100.9)).kept).toEqual({ "marked-lately": 1 });
  });

  test("finishes at a later look what a run that ended early had begun", async () => {
    const child = await account.push(repository, "amd64");
    const index = await account.push(repository, "index", { tag: "1.27-", lists: [child] });
    await run(100);
    let calls = 0;
    const second = (name: string): boolean => {
      if (name === "BatchDeleteImage") calls += 1;
      return name === "BatchDeleteImage" && calls >= 2;
    };
    account.override = (name) => (second(name) ? denied : undefined);
    const early = await run(102);
    expect(early).toMatchObject({
      deleted: [{ digest: index, digests: [index] }],
      failed: [{ digest: child }],
    });
    account.override = () => undefined;
    expect(await account.images(repository)).toEqual([child]);
    expect((await run(103)).kept).toEqual({ "marked-now": 1 });
    expect(deletedIn(await run(105))).toEqual([child]);
    expect(await account.images(repository)).not.toContain(index);
  });
});
