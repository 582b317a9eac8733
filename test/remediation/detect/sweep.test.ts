/** How much a sweep asks of ECS, and that it gets round an account of any size. */

import { describe, expect, it } from "vitest";
import type { Service } from "../../../src/ecs/service/service.ts";
import { readService } from "../../../src/ecs/service/service.ts";
import { newestStoppedTask, runsTooFew } from "../../../src/remediation/detect/limit-keeping-down.ts";
import { type SweepReport, sweep } from "../../../src/remediation/detect/sweep.ts";
import { readSweepRequest } from "../../../src/remediation/detect/sweep-request.ts";
import { AwsError, type AwsErrorKind } from "../../../src/remediation/ports/aws-error.ts";
import type { ServiceReads } from "../../../src/remediation/ports/service-reads.ts";
import { createExecutions } from "../../../src/sandbox/aws/durable-executions.ts";
import { createVirtualClock, type VirtualClock } from "../../../src/sandbox/virtual-clock.ts";
import { readPolicy } from "../../support/policy.ts";

const location = { account: "123456789012", region: "us-east-1", partition: "aws" };
const arn = (resource: string) => `arn:aws:ecs:us-east-1:123456789012:${resource}`;
const SECONDS = 50;
const PERIOD_MS = 15 * 60_000;

type Request = { readonly action: string; readonly at: number };
type Account = {
  readonly requests: readonly Request[];
  /** Services that were described in the sweeps so far. */
  readonly described: ReadonlySet<string>;
  readonly looked: ReadonlySet<string>;
  sweeps(count: number): Promise<readonly SweepReport[]>;
};

type AccountOptions = {
  /** Cluster → how many services it has. */
  readonly clusters: Readonly<Record<string, number>>;
  readonly isDown?: (service: string) => boolean;
  readonly refuse?: (action: string, what: string) => AwsErrorKind | undefined;
};

/** An account in memory, whose every request takes 50 ms. */
function account({ clusters, isDown = () => false, refuse = () => undefined }: AccountOptions): Account {
  const clock: VirtualClock = createVirtualClock(0);
  const requests: Request[] = [];
  const described = new Set<string>();
  const looked = new Set<string>();
  const asked = async (action: string, what: string): Promise<void> => {
    requests.push({ action, at: clock.now() });
    await clock.sleep(50);
    const kind = refuse(action, what);
    if (kind !== undefined) throw new AwsError(kind, action, `${action}: ${kind}`);
  };
  const page = (arns: readonly string[], nextToken = "0") => {
    const next = Number(nextToken) + 100;
    return {
      arns: arns.slice(Number(nextToken), next),
      ...(next < arns.length ? { nextToken: `${next}` } : {}),
    };
  };
  const servicesOf = (cluster: string) =>
    Array.from({ length: clusters[cluster] ?? 0 }, (_, index) => arn(`service/${cluster}/s${index}`));
  const serviceReads: ServiceReads = {
    async listClusters(nextToken) {
      await asked("ecs:ListClusters", "");
      return page(
        Object.keys(clusters).map((name) => arn(`cluster/${name}`)),
        nextToken,
      );
    },
    async listServices(clusterArn, nextToken) {
      await asked("ecs:ListServices", clusterArn);
      return page(servicesOf(clusterArn.slice(clusterArn.lastIndexOf("/") + 1)), nextToken);
    },
    async describeServices(clusterArn, services) {
      await asked("ecs:DescribeServices", clusterArn);
      for (const service of services) described.add(service);
      return services.map((serviceArn) =>
        readService({
          serviceArn,
          clusterArn,
          status: "ACTIVE",
          desiredCount: 2,
          taskDefinition: "web:1",
          serviceName: serviceArn.slice(serviceArn.lastIndexOf("/") + 1),
          runningCount: isDown(serviceArn) ? 0 : 2,
        }),
      );
    },
    async listStoppedTasks(clusterArn, service) {
      await asked("ecs:ListTasks", clusterArn);
      looked.add(`${clusterArn} ${service}`);
      return [`${clusterArn}/${service}/task`];
    },
    async describeTasks(clusterArn) {
      await asked("ecs:DescribeTasks", clusterArn);
      return [];
    },
  };
  const ports = { location, clock, serviceReads, executions: createExecutions(clock).port };
  let sweepNumber = 1_957_000;
  return {
    requests,
    described,
    looked,
    async sweeps(count) {
      const reports: SweepReport[] = [];
      for (let index = 0; index < count; index += 1, sweepNumber += 1) {
        const at = clock.now();
        const options = { sweepNumber, seconds: SECONDS, isOurCluster: () => true };
        clock.schedule(
          index * PERIOD_MS,
          async () => void reports.push(await sweep(options, readPolicy({}), ports)),
        );
        await clock.advanceTo(at + PERIOD_MS);
      }
      return reports;
    },
  };
}

/** The buckets of ECS: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html (read 2026-11) */
const BUCKETS: readonly {
  readonly actions: readonly string[];
  readonly burst: number;
  readonly perSecond: number;
}[] = [
  { actions: ["ecs:ListClusters"], burst: 50, perSecond: 20 },
  { actions: ["ecs:ListServices", "ecs:DescribeServices"], burst: 100, perSecond: 20 },
  { actions: ["ecs:ListTasks", "ecs:DescribeTasks"], burst: 100, perSecond: 20 },
];

/** The largest part of a bucket's grant that requests took: over every stretch of time that begins and ends with one. */
function largestShare(requests: readonly Request[]): number {
  let largest = 0;
  for (const { actions, burst, perSecond } of BUCKETS) {
    const times = requests.filter(({ action }) => actions.includes(action)).map(({ at }) => at);
    times.forEach((from, first) => {
      // After a quarter of an hour every bucket is full again.
      for (let last = first; last < times.length && (times[last] ?? 0) - from < PERIOD_MS; last += 1) {
        const granted = burst + (((times[last] ?? 0) - from) / 1000) * perSecond;
        largest = Math.max(largest, (last - first + 1) / granted);
      }
    });
  }
  return largest;
}

describe("a sweep of a large account", () => {
  // biome-ignore format: a table is read by its columns
  const accounts = [
    ["40 services",                          { prod: 40 },                       1],
    ["350 services",                         { prod: 350 },                      1],
    ["1,000 services",                       { prod: 1000 },                     5],
    ["3,000 services",                       { prod: 3000 },                    40],
    ["4,000 services in 40 clusters",        Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`c${n}`, 100])), 120],
  ] as const;
  for (const [what, clusters, sweeps] of accounts) {
    it(`describes each of ${what} within ${sweeps} sweeps, with at most 5 % of every rate`, async () => {
      const { described, requests, sweeps: run } = account({ clusters });
      const reports = await run(sweeps);
      expect(described.size).toBe(Object.values(clusters).reduce((sum: number, count) => sum + count, 0));
      expect(largestShare(requests)).toBeLessThanOrEqual(0.05);
      expect(Math.max(...reports.map(({ requests: sent }) => sent))).toBeLessThanOrEqual(60);
      expect(reports[0]?.isComplete).toBe(sweeps === 1);
    });
  }

  it("asks 1 + 4 + 35 times about 350 services that all run, and no further", async () => {
    const { requests, sweeps } = account({ clusters: { prod: 350 } });
    await sweeps(1);
    const counts = Object.groupBy(requests, ({ action }) => action);
    expect(Object.entries(counts).map(([action, sent]) => [action, sent?.length])).toEqual([
      ["ecs:ListClusters", 1],
      ["ecs:ListServices", 4],
      ["ecs:DescribeServices", 35],
    ]);
  });

  it("looks at every service in the end when 500 are down at once, with at most 5 % of every rate", async () => {
    const { looked, requests, sweeps } = account({ clusters: { prod: 500 }, isDown: () => true });
    await sweeps(96);
    expect(looked.size).toBe(500);
    expect(largestShare(requests)).toBeLessThanOrEqual(0.05);
  });

  it("looks at no service but those that run too few tasks", async () => {
    const isDown = (service: string) => service.endsWith("/s7");
    const { requests, looked, sweeps } = account({ clusters: { a: 20, b: 20 }, isDown });
    await sweeps(1);
    expect([...looked]).toEqual([`${arn("cluster/a")} s7`, `${arn("cluster/b")} s7`]);
    expect(requests.filter(({ action }) => action === "ecs:ListTasks")).toHaveLength(2);
  });

  it("sends nothing more to ECS when it is throttled, and goes on with the next sweep", async () => {
    let isBusy = true;
    const refuse = () => (isBusy ? ("throttled" as const) : undefined);
    const { requests, described, sweeps } = account({ clusters: { prod: 40 }, refuse });
    const [busy] = await sweeps(1);
    expect([requests.length, busy?.isComplete, busy?.gaps.map(({ code }) => code)]).toEqual([
      1,
      false,
      ["throttled"],
    ]);
    isBusy = false;
    await sweeps(1);
    expect(described.size).toBe(40);
  });

  it("names what may not be read, and sweeps the rest", async () => {
    const refuse = (action: string, cluster: string) =>
      action === "ecs:ListServices" && cluster.endsWith("/a") ? ("denied" as const) : undefined;
    const { described, sweeps } = account({ clusters: { a: 20, b: 20 }, refuse });
    const [report] = await sweeps(1);
    expect(report).toMatchObject({
      isComplete: false,
      gaps: [{ code: "denied", action: "ecs:ListServices" }],
    });
    expect(described.size).toBe(20);
  });
});

const described = (more: object): Service =>
  readService({ status: "ACTIVE", desiredCount: 2, runningCount: 2, ...more });

describe("which services run too few tasks", () => {
  const primary = (runningCount: number) => [
    { id: "ecs-svc/1", status: "PRIMARY", desiredCount: 2, runningCount },
  ];
  // biome-ignore format: a table is read by its columns
  const rows: readonly (readonly [string, object, boolean])[] = [
    ["all tasks run",                          {},                                               false],
    ["one is missing",                         { runningCount: 1 },                              true],
    ["none is wanted",                         { desiredCount: 0, runningCount: 0 },             false],
    ["it is being deleted",                    { status: "DRAINING", runningCount: 0 },          false],
    ["the tasks are an older deployment's",    { deployments: primary(0) },                      true],
    ["its deployment is whole",                { deployments: primary(2) },                      false],
    ["the tasks are an older task set's",      { taskSets: [{ id: "ecs-svc/2", status: "PRIMARY", computedDesiredCount: 2, runningCount: 0 }] }, true],
  ];
  for (const [when, more, expected] of rows)
    it(`says ${expected} when ${when}`, () => expect(runsTooFew(described(more))).toBe(expected));
});

describe("the newest stopped task of a service", () => {
  const service = described({
    deployments: [
      { id: "ecs-svc/2", status: "PRIMARY" },
      { id: "ecs-svc/1", status: "ACTIVE" },
    ],
  });
  const task = (name: string, startedBy: string | undefined, createdAt: number) => ({
    arn: name,
    taskDefinitionArn: "web:1",
    createdAt,
    containers: [],
    ...(startedBy === undefined ? {} : { startedBy }),
  });
  // biome-ignore format: a table is read by its columns
  const rows = [
    ["the newest of one deployment",            [task("old", "ecs-svc/2", 1), task("new", "ecs-svc/2", 2)],  "new"],
    ["the newest of all that are there",        [task("a", "ecs-svc/1", 3), task("b", "ecs-svc/2", 2)],      "a"],
    ["none of a deployment that is gone",       [task("gone", "ecs-svc/0", 9), task("b", "ecs-svc/2", 2)],   "b"],
    ["no task of an unknown starter",           [task("odd", undefined, 9)],                                 undefined],
    ["none where there is none",                [],                                                          undefined],
  ] as const;
  for (const [what, tasks, expected] of rows)
    it(`is ${what}`, () => expect(newestStoppedTask(service, tasks)?.arn).toBe(expected));
});

describe("a request for a sweep", () => {
  const at = "2026-11-28T23:45:00Z";
  it("numbers the periods of the schedule one after the other, some seconds early or late", () => {
    const numberAt = (scheduledAt: string) => readSweepRequest({ sweep: true, scheduledAt }).sweepNumber;
    const first = numberAt(at);
    expect([numberAt("2026-11-29T00:00:03Z"), numberAt("2026-11-29T00:14:58Z")]).toEqual([
      first + 1,
      first + 2,
    ]);
  });
  // biome-ignore format: a table is read by its columns
  const wrong = [
    ["no time",         { sweep: true }],
    ["no such time",    { sweep: true, scheduledAt: "soon" }],
    ["what is not substituted", { sweep: true, scheduledAt: "<aws.scheduler.scheduled-time>" }],
    ["another word",    { sweep: "yes", scheduledAt: at }],
    ["one member more", { sweep: true, scheduledAt: at, cluster: "prod" }],
    ["records in addition", { sweep: true, scheduledAt: at, Records: [] }],
  ] as const;
  for (const [what, document] of wrong)
    it(`is none with ${what}`, () => expect(() => readSweepRequest(document)).toThrow(/expected exactly/));
});
