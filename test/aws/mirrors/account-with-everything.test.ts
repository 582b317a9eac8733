/**
 * The clean-up over AWS's own clients in an account in which everything that could make a deletion wrong is there once, while clocks
 * jump, lists lie or end early, and two runs work at once.
 */

import { deepEqual } from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "vitest";
import { createPrunePorts } from "../../../src/aws/mirrors/prune-ports.ts";
import { type PruneReport, runPrune } from "../../../src/mirrors/prune/run-prune.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import {
  ACCOUNT,
  APP,
  DAY,
  EverythingAccount,
  HOST,
  OWN_ROLE,
  UNUSED,
} from "../../support/aws/everything-account.ts";

let account: EverythingAccount;
let settings: Awaited<ReturnType<EverythingAccount["start"]>>;
let before: readonly string[];
let runs = 0;
beforeEach(async () => {
  account = new EverythingAccount();
  settings = await account.start();
  before = account.names();
});
afterEach(() => account.stop());

function run(): Promise<PruneReport> {
  runs += 1;
  const ports = createPrunePorts(
    {
      aws: { ...settings, attemptsMax: 1 } as never,
      table: "prune",
      reportTable: "reports",
      functions: ["repull-remediate", "repull-mirror"],
      writesParameter: "/repull/writes",
      ownRole: OWN_ROLE,
    },
    ACCOUNT,
  );
  return runPrune({ prefix: "repull", host: HOST, run: `run ${runs}`, isDryRun: false }, ports);
}

/** A look at that time, with a report of the cluster that is new. */
async function look(days: number): Promise<PruneReport> {
  account.days = days;
  account.report();
  return await run();
}

const gone = () => before.filter((name) => !account.names().includes(name)).toSorted();

describe("a clean-up of an account with everything that could make a deletion wrong", () => {
  test("deletes what nothing uses and nothing else, at the second look, an index whole", async () => {
    deepEqual((await look(0)).deleted, []);
    const { kept } = await look(1.1);
    deepEqual(gone(), UNUSED.toSorted());
    deepEqual(Object.keys(kept).toSorted(), [
      ...["archived", "foreign-tag", "no-pull-recorded", "not-a-copy", "pulled-lately", "pushed-lately"],
      ...["repository-not-ours", "repository-shared", "used", "vouches-for-copies"],
    ]);
    await look(3);
    await look(4.2);
    deepEqual(gone(), UNUSED.toSorted());
  });

  test("deletes each copy once where two runs work at once, and only one of them works", async () => {
    await look(0);
    account.days = 1.1;
    account.report();
    const both = await Promise.all([run(), run()]);
    deepEqual(both.map(({ kind }) => kind).toSorted(), ["locked", "pruned"]);
    deepEqual(gone(), UNUSED.toSorted());
    deepEqual(
      both.flatMap(({ failed }) => failed),
      [],
    );
  });

  for (const service of ["ecr", "ecs", "dynamodb"])
    for (const days of [-400, -1, 1, 400])
      test(`deletes nothing while the clock of ${service} is ${days} days off`, async () => {
        await look(0);
        account.clocks.set(service, days);
        await look(1.1);
        await look(2.3);
        deepEqual(gone(), []);
        account.clocks.clear();
        await look(4);
        await look(5.2);
        deepEqual(gone(), UNUSED.toSorted());
      });

  test("deletes nothing more after every clock went a year ahead for one look, and came back", async () => {
    await look(400);
    await look(0);
    await look(0.9);
    deepEqual(gone(), []);
    await look(1.1);
    deepEqual(gone(), UNUSED.toSorted());
  });

  const denied = { __type: "AccessDeniedException" };
  const early = (list: string) => (answer: JsonObject) => ({ ...answer, [list]: [] });
  // ECS lists a task that has stopped for an hour, and DescribeClusters does not count it.
  const withStopped = (answer: JsonObject, { desiredStatus, tasks }: JsonObject) => {
    if (tasks !== undefined)
      return {
        tasks: (tasks as string[]).map((taskArn) => ({ taskArn, lastStatus: "STOPPED", stoppedAt: 1_000 })),
      };
    return {
      ...answer,
      taskArns: desiredStatus === "STOPPED" ? ["arn:aws:ecs:us-east-1:1:task/prod/2"] : [],
    };
  };
  const drained = (answer: JsonObject) => ({
    services: (answer.services as JsonObject[]).map((service) => ({ ...service, status: "DRAINING" })),
  });
  // biome-ignore format: a table is read by its columns
  const lies: readonly (readonly [what: string, action: RegExp, lie: (answer: JsonObject, body: JsonObject) => unknown])[] = [
    ["services end early",                 /^ListServices$/,                    early("serviceArns")],
    ["tasks end early",                    /^ListTasks$/,                       early("taskArns")],
    ["tasks end early, and as many have stopped", /^(?:ListTasks|DescribeTasks)$/, withStopped],
    ["services end early, and as many drain",  /^DescribeServices$/,            drained],
    ["fewer services are described",       /^DescribeServices$/,                early("services")],
    ["fewer tasks are described",          /^DescribeTasks$/,                   early("tasks")],
    ["a list of deployments has no list",  /^ListServiceDeployments$/,          () => ({})],
    ["task definitions repeat a page",     /^ListTaskDefinitions$/,             (answer) => ({ ...answer, nextToken: "again" })],
    ["clusters of ECS end early",          /^ListClusters$/,                    early("clusterArns")],
    ["clusters of ECS may not be listed",  /^ListClusters$/,                    () => denied],
    ["functions may not be listed",        /^GET \/2015-03-31\/functions$/,     () => denied],
    ["a function does not report its image", /^GET \/2015-03-31\/functions\/.+/,  () => ({ Code: {} })],
    ["job definitions may not be read",    /describejobdefinitions/,            () => denied],
    ["fewer projects are described",       /^BatchGetProjects$/,                early("projects")],
    ["clusters of EKS may not be listed",  /^GET \/clusters$/,                  () => denied],
    ["a cluster reports that is not listed", /^GET \/clusters$/,                early("clusters")],
    ["another cluster is listed",          /^GET \/clusters$/,                  () => ({ clusters: ["kube", "other"] })],
    ["the cluster is another of its name", /^GET \/clusters\/kube$/,            (answer) => ({ cluster: { ...(answer.cluster as object), certificateAuthority: { data: "" } } })],
    ["the reports may not be read",        /^Scan$/,                            () => denied],
    ["schedules may not be listed",        /^GET \/schedules$/,                 () => denied],
    ["a schedule has no expression",       /^GET \/schedules\/.+/,              () => ({})],
    ["rules may not be listed",            /^ListRules$/,                       () => denied],
    ["an execution of Repull runs",        /durable-executions$/,               () => ({ DurableExecutions: [{ DurableExecutionArn: "a", DurableExecutionName: "a", FunctionArn: "f", Status: "RUNNING", StartTimestamp: 1 }] })],
    ["pulls of others are not recorded",   /^ListPullTimeUpdateExclusions$/,    () => ({ pullTimeUpdateExclusions: ["arn:aws:iam::123456789012:role/nodes"] })],
    ["writes are stopped",                 /^GetParameter$/,                    () => ({ Parameter: { Value: "incident" } })],
    ["the switch cannot be read",          /^GetParameter$/,                    () => denied],
    ["images of one repository are not",   /^DescribeImages$/,                  (answer, body) => (body.repositoryName === APP ? denied : answer)],
    ["tags of one repository are not listed", /^ListTagsForResource$/,            (answer, body) => (String(body.resourceArn).endsWith(APP) ? denied : answer)],
    ["images may not be described",        /^DescribeImages$/,                  () => denied],
    ["tags of repositories are not listed",   /^ListTagsForResource$/,             () => denied],
    ["indexes may not be read",            /^BatchGetImage$/,                   () => denied],
  ];
  for (const [what, action, lie] of lies)
    test(`deletes nothing where ${what} at the second look, and the same as ever afterwards`, async () => {
      await look(0);
      account.change = (name, answer, body) => (action.test(name) ? lie(answer, body) : answer);
      await look(1.1).catch(() => {});
      deepEqual(gone(), []);
      account.change = (_, answer) => answer;
      await look(4);
      await look(5.2);
      deepEqual(gone(), UNUSED.toSorted());
    });

  // biome-ignore format: a table is read by its columns
  const lists: readonly (readonly [what: string, action: RegExp, list: string])[] = [
    ["functions",        /^GET \/2015-03-31\/functions$/, "Functions"],
    ["job definitions",  /describejobdefinitions/,        "jobDefinitions"],
    ["projects",         /^ListProjects$/,                "projects"],
    ["schedules",        /^GET \/schedules$/,             "Schedules"],
  ];
  for (const [what, action, list] of lists)
    test(`deletes no copy because one look got a shorter list of ${what} that nothing contradicts`, async () => {
      await look(0);
      account.change = (name, answer) => (action.test(name) ? { ...answer, [list]: [] } : answer);
      await look(1.1);
      account.change = (_, answer) => answer;
      deepEqual(gone(), UNUSED.toSorted());
    });

  test("deletes as ever after a cluster that had a service is gone", async () => {
    await look(0);
    account.change = (name, answer, body) => {
      if (name === "ListClusters") return { clusterArns: [] };
      const [clusterArn] = (body.clusters as readonly string[] | undefined) ?? [];
      return name === "DescribeClusters" ? { clusters: [{ clusterArn, status: "INACTIVE" }] } : answer;
    };
    await look(1.1);
    deepEqual(gone(), UNUSED.toSorted());
  });

  test("deletes as ever where a task stops while the lists are read", async () => {
    await look(0);
    const stoppedAt = (Date.now() + 1.1 * DAY) / 1000;
    account.change = (name, answer) =>
      name === "DescribeTasks"
        ? {
            tasks: (answer.tasks as JsonObject[]).map((task) => ({
              ...task,
              lastStatus: "STOPPED",
              stoppedAt,
            })),
          }
        : answer;
    await look(1.1);
    deepEqual(gone(), UNUSED.toSorted());
  });

  test("marks nothing while an execution of Repull runs, which may take a copy that nothing names yet", async () => {
    const DurableExecutions = [
      {
        DurableExecutionArn: "a",
        DurableExecutionName: "a",
        FunctionArn: "f",
        Status: "RUNNING",
        StartTimestamp: 1,
      },
    ];
    account.change = (name, answer) => (/durable-executions$/.test(name) ? { DurableExecutions } : answer);
    const { kept, marked } = await look(0);
    deepEqual([Object.keys(kept), marked], [["execution-runs"], []]);
  });

  test("deletes nothing a day after the cluster's last report, and goes on with the next", async () => {
    await look(0);
    account.days = 1.1;
    deepEqual(Object.keys((await run()).kept), ["cluster-not-reported"]);
    deepEqual(gone(), []);
    await look(1.2);
    deepEqual(gone(), UNUSED.toSorted());
  });

  test("keeps every copy of a repository of which the cluster begins to use an image by an unreadable name", async () => {
    await look(0);
    account.days = 1.1;
    account.report([`${HOST}/repull/docker.io/library/web:\${TAG}`]);
    await run();
    deepEqual(gone(), []);
  });
});
