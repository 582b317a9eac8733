/** Rules, schedules and lone tasks through the AWS gateways, against moto: both control planes keep what they get. */

import { CreateClusterCommand, CreateServiceCommand, ECSClient } from "@aws-sdk/client-ecs";
import {
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  GetScheduleCommand,
  SchedulerClient,
} from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEcs } from "../../../src/aws/adapters/ecs/ecs.ts";
import { createTasks } from "../../../src/aws/adapters/ecs/run-task.ts";
import { createSchedules } from "../../../src/aws/adapters/schedules.ts";
import { openHistorySession } from "../../../src/cli/account/sessions/history-session.ts";
import { history } from "../../../src/cli/commands/history.ts";
import { undo } from "../../../src/cli/commands/undo.ts";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { toTags } from "../../../src/ecs/task-definition/provenance-tags.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { describeSchedulesContract } from "../../contracts/schedules-contract.ts";
import { MOTO_CREDENTIALS, type Moto, startMoto } from "../../support/aws/moto.ts";
import { commandIo } from "../../support/command-io.ts";

const REGION = "us-east-1";
const CLUSTER = `arn:aws:ecs:${REGION}:123456789012:cluster/prod`;
const ROLE = "arn:aws:iam::123456789012:role/starter";

let moto: Moto;
let settings: { region: string; endpoint: string; credentials: typeof MOTO_CREDENTIALS; attemptsMax: number };
let former: string;
let ours: string;

beforeAll(async () => {
  moto = await startMoto();
  settings = { region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS, attemptsMax: 2 };
  const ecs = createEcs(settings);
  const job = { family: "job", containerDefinitions: [{ name: "job", image: "postgres:16", memory: 64 }] };
  former = await ecs.registerTaskDefinition(job);
  ours = await ecs.registerTaskDefinition(job);
  await new ECSClient(settings).send(new CreateClusterCommand({ clusterName: "prod" }));
});
afterAll(() => moto?.stop());

describe("a rule", () => {
  const events = () => new EventBridgeClient(settings);
  const parameters = {
    TaskCount: 2,
    LaunchType: "FARGATE" as const,
    PlatformVersion: "1.4.0",
    Group: "nightly-jobs",
    NetworkConfiguration: {
      awsvpcConfiguration: {
        Subnets: ["subnet-1"],
        SecurityGroups: ["sg-1"],
        AssignPublicIp: "DISABLED" as const,
      },
    },
  };

  beforeAll(async () => {
    await events().send(new PutRuleCommand({ Name: "nightly", ScheduleExpression: "rate(1 day)" }));
    const target = { Arn: CLUSTER, RoleArn: ROLE };
    await events().send(
      new PutTargetsCommand({
        Rule: "nightly",
        Targets: [
          {
            ...target,
            Id: "pinned",
            Input: '{"a":1}',
            EcsParameters: { ...parameters, TaskDefinitionArn: former },
          },
          { ...target, Id: "free", EcsParameters: { TaskDefinitionArn: former.replace(/:[0-9]+$/, "") } },
          { Id: "other", Arn: `arn:aws:sqs:${REGION}:123456789012:queue` },
        ],
      }),
    );
  });

  test("is found by its name and its target's family, pinned or not", async () => {
    const query = { clusterArn: CLUSTER, family: "job", schedule: "nightly" };
    expect(await createSchedules(settings).targetsOf(query)).toEqual([
      { kind: "rule", bus: "default", rule: "nightly", targetId: "pinned", taskDefinition: former },
      {
        kind: "rule",
        bus: "default",
        rule: "nightly",
        targetId: "free",
        taskDefinition: former.replace(/:[0-9]+$/, ""),
      },
    ]);
    expect(await createSchedules(settings).targetsOf({ ...query, schedule: "weekly" })).toEqual([]);
    expect(await createSchedules(settings).targetsOf({ ...query, family: "jobs" })).toEqual([]);
  });

  test("is moved once, keeps all else, and is not moved from what it does not run", async () => {
    const schedules = createSchedules(settings);
    const target = {
      kind: "rule",
      bus: "default",
      rule: "nightly",
      targetId: "pinned",
      taskDefinition: former,
    } as const;
    expect(await schedules.move(target, ours)).toBe("moved");
    expect(await schedules.move(target, ours)).toBe("already");
    expect(await schedules.move(target, `${ours}0`)).toBe("changed");
    const { Targets = [] } = await events().send(new ListTargetsByRuleCommand({ Rule: "nightly" }));
    expect(Targets.find(({ Id }) => Id === "pinned")).toEqual({
      Id: "pinned",
      Arn: CLUSTER,
      RoleArn: ROLE,
      Input: '{"a":1}',
      EcsParameters: { ...parameters, TaskDefinitionArn: ours },
    });
    expect(Targets).toHaveLength(3);
  });
});

describe("a schedule", () => {
  const name = "gold-coast-data-lake-nightly";
  const settingsOf = (taskDefinition: string) => ({
    Name: name,
    Description: "the lake",
    State: "DISABLED" as const,
    ScheduleExpression: "cron(0 3 * * ? *)",
    ScheduleExpressionTimezone: "Europe/Berlin",
    FlexibleTimeWindow: { Mode: "FLEXIBLE" as const, MaximumWindowInMinutes: 15 },
    StartDate: new Date("2030-01-02T03:04:05Z"),
    Target: {
      Arn: CLUSTER,
      RoleArn: ROLE,
      RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 600 },
      EcsParameters: { TaskDefinitionArn: taskDefinition, TaskCount: 1, LaunchType: "FARGATE" as const },
    },
  });

  beforeAll(async () => {
    await new SchedulerClient(settings).send(new CreateScheduleCommand(settingsOf(former)));
  });

  test("is found by the part of its name that ECS keeps", async () => {
    const query = { clusterArn: CLUSTER, family: "job", schedule: "gold-coast-data-lak" };
    expect(await createSchedules(settings).targetsOf(query)).toEqual([
      { kind: "schedule", group: "default", name, taskDefinition: former },
    ]);
  });

  test("is moved and keeps its time, its window, its state and its retries", async () => {
    const schedules = createSchedules(settings);
    const target = { kind: "schedule", group: "default", name, taskDefinition: former } as const;
    expect(await schedules.move(target, ours)).toBe("moved");
    expect(await schedules.move(target, ours)).toBe("already");
    const now = await new SchedulerClient(settings).send(new GetScheduleCommand({ Name: name }));
    expect(now).toMatchObject(settingsOf(ours));
  });
});

test("a lone task is run by the very request that it is given", async () => {
  const tasks = createTasks(settings);
  const started = await tasks.run({
    cluster: CLUSTER,
    taskDefinition: ours,
    launchType: "FARGATE",
    count: 1,
    startedBy: "ci",
    networkConfiguration: { awsvpcConfiguration: { subnets: [], securityGroups: [] } },
    overrides: { containerOverrides: [{ name: "job", command: ["migrate"] }] },
  });
  if (started.kind !== "started") throw new Error(started.because);
  const described = await tasks.describe(CLUSTER, started.arn);
  expect(described).toMatchObject({ taskDefinitionArn: ours, startedBy: "ci", launchType: "FARGATE" });
  expect(
    await tasks.describe(CLUSTER, `${CLUSTER.replace("cluster", "task")}/${"0".repeat(32)}`),
  ).toBeUndefined();
  expect(await tasks.networkOf("eni-0123456789abcdef0")).toBeUndefined();
});

describe("what was done to a service", () => {
  const DIGEST = `sha256:${"5c".repeat(32)}`;
  const io = () => commandIo({}, { AWS_REGION: REGION, AWS_ENDPOINT_URL: moto.url });
  const runs = async (): Promise<string> =>
    shortRevision((await createEcs(settings).describeService("prod", "web"))?.taskDefinition ?? "");

  beforeAll(async () => {
    // The command line leaves its credentials to the SDK's own chain.
    process.env.AWS_ACCESS_KEY_ID ??= MOTO_CREDENTIALS.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY ??= MOTO_CREDENTIALS.secretAccessKey;
    const ecs = createEcs(settings);
    const web = { family: "web", containerDefinitions: [{ name: "web", image: "nginx:1.25", memory: 64 }] };
    const former = await ecs.registerTaskDefinition(web);
    const marker = toTags({
      execution: "r-0123456789abcdef-1",
      previousRevision: shortRevision(former),
      service: "web",
      images: [{ image: "nginx:1.25", digest: DIGEST as `sha256:${string}` }],
    });
    const ours = await ecs.registerTaskDefinition({ ...web, tags: marker.map((tag) => ({ ...tag })) });
    await new ECSClient(settings).send(
      new CreateServiceCommand({
        cluster: "prod",
        serviceName: "web",
        taskDefinition: ours,
        desiredCount: 1,
      }),
    );
  });

  test("is listed and undone by the command line, once", async () => {
    const past = async () => await openHistorySession({ kind: "reads", stack: "repull" }, systemClock, io());
    const told = io();
    const { executionHistory: _, ...rest } = await past();
    expect(
      await history(
        { since: "1h", json: true },
        { ...rest, executionHistory: { past: async () => [] } },
        told,
      ),
    ).toBe(0);
    expect(told.printed.out).toContain('"former":"web:1"');

    expect(await undo({ name: "web", yes: false, json: false, wait: false }, await past(), io())).toBe(0);
    expect(await runs()).toBe("web:2");
    expect(await undo({ name: "web", yes: true, json: false, wait: false }, await past(), io())).toBe(0);
    expect(await runs()).toBe("web:1");
    expect(await undo({ name: "web", yes: true, json: false, wait: false }, await past(), io())).toBe(1);
  });
});

describeSchedulesContract("the AWS gateway on moto", async () => ({
  schedules: createSchedules(settings),
  clusterArn: CLUSTER,
  async add(kind, name, TaskDefinitionArn, tags = {}) {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const target = { Arn: CLUSTER, RoleArn: ROLE, EcsParameters: { TaskDefinitionArn } };
    const ScheduleExpression = "rate(1 day)";
    if (kind === "rule") {
      const events = new EventBridgeClient(settings);
      await events.send(new PutRuleCommand({ Name: name, ScheduleExpression, Tags }));
      await events.send(new PutTargetsCommand({ Rule: name, Targets: [{ ...target, Id: "1" }] }));
      return;
    }
    const FlexibleTimeWindow = { Mode: "OFF" as const };
    const schedule = { Name: name, ScheduleExpression, FlexibleTimeWindow, Target: target };
    const scheduler = new SchedulerClient(settings);
    const GroupName = Tags.length === 0 ? "default" : `${name}-group`;
    if (Tags.length > 0) await scheduler.send(new CreateScheduleGroupCommand({ Name: GroupName, Tags }));
    await scheduler.send(new CreateScheduleCommand({ ...schedule, GroupName }));
  },
}));
