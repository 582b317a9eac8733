/** Which services wait for Repull, as ECS reports it. */

import { describe, expect, it } from "vitest";
import { readService } from "../../../src/ecs/service/service.ts";
import { readTask } from "../../../src/ecs/task/task.ts";
import { waitingServices } from "../../../src/remediation/detect/waiting-services.ts";
import { readPolicy } from "../../support/policy.ts";

const LIMIT =
  "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/nginx:1.25: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";
const CRASH = "Essential container in task exited";
const DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:42";
const cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/prod";

type World = {
  readonly running?: number;
  /** Of the deployment that the service has now; absent: all that run. */
  readonly runningOfNewest?: number;
  readonly status?: string;
  readonly tag?: string;
  readonly policy?: object;
  /** Absent: the deployment that the service has now. */
  readonly startedBy?: string;
  /** Newest last. */
  readonly stopped: readonly string[];
};

async function waiting({
  running = 0,
  runningOfNewest = running,
  status = "ACTIVE",
  tag,
  policy = {},
  stopped,
  startedBy = "ecs-svc/1",
}: World) {
  let listed = 0;
  const service = readService({
    serviceArn: "arn:aws:ecs:us-east-1:123456789012:service/prod/web",
    serviceName: "web",
    clusterArn: cluster,
    status,
    desiredCount: 2,
    runningCount: running,
    taskDefinition: DEFINITION,
    deployments: [
      {
        id: "ecs-svc/1",
        status: "PRIMARY",
        taskDefinition: DEFINITION,
        desiredCount: 2,
        runningCount: runningOfNewest,
      },
    ],
    tags: tag === undefined ? [] : [{ key: "repull", value: tag }],
  });
  const tasks = stopped.map((reason, at) =>
    readTask({
      taskArn: `arn:aws:ecs:us-east-1:123456789012:task/prod/${at}`,
      taskDefinitionArn: DEFINITION,
      group: "service:web",
      startedBy,
      lastStatus: "STOPPED",
      createdAt: 1_795_000_000 + at,
      containers: [{ name: "web", image: "nginx:1.25", reason }],
    }),
  );
  const found = await waitingServices(
    {
      clusters: async () => [cluster],
      async *services() {
        yield [service];
      },
    },
    {
      listTasks: async () => {
        listed += 1;
        return tasks;
      },
    },
    readPolicy(policy),
  );
  return { found, listed };
}

describe("waitingServices", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [when: string, world: World, found: "nothing" | "waits" | "skipped"][] = [
    ["its newest stopped task met a limit",              { stopped: [LIMIT] },                                        "waits"],
    ["an older task crashed",                            { stopped: [CRASH, LIMIT] },                                 "waits"],
    ["its newest stopped task crashed",                  { stopped: [LIMIT, CRASH] },                                 "nothing"],
    ["the task that met it is of a deployment that is over", { stopped: [LIMIT], startedBy: "ecs-svc/0" },            "nothing"],
    ["no task stopped",                                  { stopped: [] },                                             "nothing"],
    ["all of its tasks run",                             { stopped: [LIMIT], running: 2 },                            "nothing"],
    ["it is being deleted",                              { stopped: [LIMIT], status: "DRAINING" },                    "nothing"],
    ["its tag says off",                                 { stopped: [LIMIT], tag: "off" },                            "skipped"],
    ["the policy excludes it",                           { stopped: [LIMIT], policy: { scope: { services: { exclude: ["web"] } } } }, "skipped"],
  ];
  for (const [when, world, expected] of table)
    it(`finds ${expected === "nothing" ? "no service" : "prod/web"} when ${when}`, async () => {
      const [one] = (await waiting(world)).found;
      const kind = one === undefined ? "nothing" : one.skippedBecause === undefined ? "waits" : "skipped";
      expect(kind).toBe(expected);
      if (one !== undefined)
        expect(one).toMatchObject({
          workload: "prod/web",
          runningCount: 0,
          desiredCount: 2,
          failure: "docker-hub-pull-limit",
        });
    });

  it("lists no tasks of a service that runs all of its own", async () => {
    expect((await waiting({ stopped: [LIMIT], running: 2 })).listed).toBe(0);
  });
});

describe("a service that waits while the tasks of the deployment before it run", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly [running: number, ofNewest: number, deployment: object | undefined][] = [
    [2, 0, { runningCount: 0, desiredCount: 2 }],
    [3, 1, { runningCount: 1, desiredCount: 2 }],
    [1, 0, undefined],
  ];
  for (const [running, runningOfNewest, deployment] of table)
    it(`has ${deployment === undefined ? "no counts" : "the counts"} of its newest deployment when ${running} tasks run, ${runningOfNewest} of them of that`, async () => {
      const { found } = await waiting({ running, runningOfNewest, stopped: [LIMIT] });
      expect(found.map((one) => [one.runningCount, one.deployment])).toEqual([[running, deployment]]);
    });
});
