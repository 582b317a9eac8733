/** Tasks without a service: reported, given a revision, run again, or moved with their schedule, as the policy says. */

import { describe, expect, test } from "vitest";
import { getObject, getObjects, getString } from "../../../src/ecs/json-fields.ts";
import { readEvent } from "../../../src/ecs-events/read-event.ts";
import { detect } from "../../../src/remediation/detect/detect.ts";
import { surveyTask } from "../../../src/remediation/survey/standalone-task.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import type { Policy } from "../../../src/substitution/policy/policy.ts";
import { readPolicy } from "../../support/policy.ts";
import { ENGINES, inOfficialEnvironment, play, type Scenario } from "../../support/scenario.ts";

const SECRET = "correct-horse-battery-staple";
const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/prod";
const JOB4 = "arn:aws:ecs:us-east-1:123456789012:task-definition/job:4";

const RUN = { standaloneTasks: "run" } as const;

const registries = {
  "docker.io": { images: { "library/postgres:16": {}, "acme/tool:1": {} }, quota: { remaining: 0 } },
  "public.ecr.aws": { images: { "docker/library/postgres:16": { sameAs: "docker.io/library/postgres:16" } } },
};
const overrides = {
  cpu: "512",
  containerOverrides: [
    { name: "job", command: ["migrate"], environment: [{ name: "PASSWORD", value: SECRET }] },
  ],
};
const job = { cluster: "prod", family: "job", revision: 3, image: "postgres:16", overrides };
const lone = (extra: object = {}) => ({ tasks: [{ ...job, ...extra }], registries });
const rule = (taskDefinition: string, name = "nightly") => ({
  kind: "rule",
  name,
  cluster: "prod",
  taskDefinition,
  target: { Input: "{}", EcsParameters: { TaskCount: 2, LaunchType: "FARGATE", FutureMember: [1] } },
});
const byRule = (...rules: readonly object[]) => ({
  ...lone({ startedBy: "events-rule/nightly" }),
  schedules: rules,
});

type Row = readonly [
  because: string,
  policy: Partial<Policy>,
  outcome: string,
  runs: readonly string[],
  targets: readonly string[],
  world: Scenario["world"],
];

// biome-ignore format: a table is read by its columns
const table: readonly Row[] = [
  ["by default a task is only reported",                  {},                                 "not-eligible",    ["job:3"],          [],        lone()],
  ["a revision for the next start",                      { standaloneTasks: "register" },    "redeployed",     ["job:3"],          [],        lone()],
  ["the same task, run once more",                       { standaloneTasks: "run" },         "succeeded",     ["job:3", "job:4"], [],        lone()],
  ["an image that is copied first",                      { standaloneTasks: "run" },         "succeeded",     ["job:3", "job:4"], [],        lone({ image: "acme/tool:1" })],
  ["a task on an instance goes back to it",              { standaloneTasks: "run" },         "succeeded",     ["job:3", "job:4"], [],        lone({ launchType: "EC2" })],
  ["a task that opted out",                              { standaloneTasks: "run" },         "not-eligible",    ["job:3"],          [],        lone({ tags: { repull: "Off" } })],
  ["a task whose tag says observe",                      { standaloneTasks: "run" },         "dry-run",    ["job:3"],          [],        lone({ tags: { "repull:mode": "observe" } })],
  ["a rule that opted out",                              { schedules: "move" },              "not-eligible",    ["job:3"],          ["job:3"], byRule({ ...rule("job:3"), tags: { repull: "no" } })],
  ["a rule whose word is not known",                     { schedules: "move" },              "not-eligible",    ["job:3"],          ["job:3"], byRule({ ...rule("job:3"), tags: { repull: "later" } })],
  ["observing runs nothing",                             { standaloneTasks: "run", mode: "observe" }, "dry-run", ["job:3"],    [],        lone()],
  ["a state machine keeps its own account",              { standaloneTasks: "run" },         "not-eligible",    ["job:3"],          [],        lone({ startedBy: "AWS Step Functions" })],
  ["AWS Batch makes its own revisions",                  { standaloneTasks: "run" },         "not-eligible",    ["job:3"],          [],        lone({ cluster: "AWSBatch-nightly-1f0e" })],
  ["by default a schedule is only reported",              {},                                 "not-eligible",    ["job:3"],          ["job:3"], byRule(rule("job:3"))],
  ["a rule is moved",                                    { schedules: "move" },              "redeployed",     ["job:3"],          ["job:4"], byRule(rule("job:3"))],
  ["a rule is moved, and the missed run is made up for", { schedules: "move-and-run" },      "succeeded",     ["job:3", "job:4"], ["job:4"], byRule(rule("job:3"))],
  ["a rule without a revision needs nothing",            { schedules: "move" },              "redeployed",     ["job:3"],          ["job"],   byRule(rule("job"))],
  ["a rule that was moved on is left alone",             { schedules: "move" },              "superseded",  ["job:3"],          ["job:9"], byRule(rule("job:9"))],
  ["another rule is left alone",                         { schedules: "move" },              "redeployed",     ["job:3"],          ["job:4", "job:3"], byRule(rule("job:3"), rule("job:3", "weekly"))],
  ["a rule that is not found",                           { schedules: "move" },              "not-eligible",    ["job:3"],          [],        byRule()],
  ["no right to move it is said",                        { schedules: "move" },              "failed",      ["job:3"],          ["job:3"], { ...byRule(rule("job:3")), refusals: [{ action: "events:PutTargets", kind: "denied" }] }],
  ["a schedule signs with 36 characters",                { schedules: "move" },              "redeployed",     ["job:3"],          ["job:4"], {
    ...lone({ startedBy: "chronos-schedule/gold-coast-data-lak" }),
    schedules: [{ ...rule("job:3", "gold-coast-data-lake-nightly"), kind: "schedule" }],
  }],
];

for (const engine of ENGINES) {
  describe(`on the ${engine} engine`, () => {
    if (engine === "official") inOfficialEnvironment();
    for (const [because, policy, outcome, runs, targets, file] of table) {
      test(`${because}: ${outcome}`, async () => {
        const ended = await play({ world: file, policy }, engine);
        const { world } = ended;
        expect(ended.outcome).toMatchObject({ outcome });
        // A no has a word that can be counted; what ends otherwise has none.
        expect(ended.outcome.reason !== undefined).toBe(outcome === "not-eligible");
        expect(revisionsRun(world)).toEqual(runs);
        expect(targetsOf(world)).toEqual(targets);
        expect(everythingSaid(ended, world)).not.toContain(SECRET);
      });
    }
  });
}

describe("a task that is run again", () => {
  test("has everything that the former one had", async () => {
    const { world, execution } = await play({ world: lone(), policy: RUN });
    const [former, again] = world.cluster.tasks("prod");
    expect(world.tasks.requests).toEqual([
      {
        cluster: CLUSTER,
        taskDefinition: JOB4,
        count: 1,
        clientToken: execution.replace(/-1$/, ""),
        launchType: "FARGATE",
        platformVersion: "1.4.0",
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: [subnetIn(former?.attachment ?? {})],
            securityGroups: ["sg-0a1b2c3d4e5f60718"],
            assignPublicIp: "DISABLED",
          },
        },
        overrides,
      },
    ]);
    expect(again?.overrides).toEqual(overrides);
    expect(again?.group).toBe(former?.group);
  });

  test("is not run where its security groups cannot be known any more", async () => {
    const world = { ...lone(), refusals: [{ action: "ec2:DescribeNetworkInterfaces", kind: "denied" }] };
    const ended = await play({ world, policy: RUN });
    expect(ended.outcome.outcome).toBe("rollout-timed-out");
    expect(ended.outcome.because).toContain("security groups");
    expect(revisionsRun(ended.world)).toEqual(["job:3"]);
  });

  test("shares its revision with the other tasks that failed like it", async () => {
    const { world } = await play({ world: lone(), policy: RUN });
    const stop = world.bus.subscribe(async (document) => {
      if (document.source === "aws.ecs") await detect(document, world.ports, readPolicy(RUN));
    });
    world.cluster.runTask({ cluster: "prod", taskDefinition: "job:3", overrides });
    await world.run(3600);
    stop();
    const revisions = world.tasks.requests.map((request) => getString(request, "taskDefinition"));
    expect(revisions).toEqual([JOB4, JOB4]);
    expect(new Set(world.tasks.requests.map((request) => getString(request, "clientToken"))).size).toBe(2);
  });
});

test("a newer revision is never buried under a copy of an old one", async () => {
  const newer = { ...job, revision: 7, image: "public.ecr.aws/docker/library/postgres:16" };
  const world = { ...lone(), tasks: [job, newer] };
  const ended = await play({ world, policy: RUN });
  expect(ended.outcome).toMatchObject({ outcome: "superseded" });
  expect((await ended.world.ports.ecs.newestRevisions("job", 9)).map(({ arn }) => arn.slice(-5))).toEqual([
    "job:7",
    "job:3",
  ]);
});

test("a substitute that cannot be pulled either is not replaced by another", async () => {
  const { world, event } = await play({ world: lone(), policy: RUN });
  const failure = readEvent(event, world.home);
  if (failure.kind === "ignored") throw new Error(failure.because);
  const described = await world.ports.ecs.describeTaskDefinition(JOB4);
  const ours = { ...failure, taskDefinitionArn: JOB4 };
  const facts = await surveyTask(ours, described?.tags ?? [], readPolicy(RUN), world.ports);
  expect(facts).toMatchObject({ kind: "not-eligible" });
});

test("a rule keeps all else of its target", async () => {
  const { world } = await play({ world: byRule(rule("job:3")), policy: { schedules: "move" } });
  expect(world.schedules.all[0]?.target).toEqual({
    Id: "1",
    Arn: CLUSTER,
    RoleArn: "arn:aws:iam::123456789012:role/nightly",
    Input: "{}",
    EcsParameters: { TaskCount: 2, LaunchType: "FARGATE", FutureMember: [1], TaskDefinitionArn: JOB4 },
  });
});

function revisionsRun(world: World): readonly string[] {
  return world.cluster
    .allTasks()
    .map(({ definition }) => shortName(getString(definition, "taskDefinitionArn") ?? ""));
}

function targetsOf(world: World): readonly string[] {
  return world.schedules.all.map(({ target }) =>
    shortName(getString(getObject(target, "EcsParameters") ?? {}, "TaskDefinitionArn") ?? ""),
  );
}

function shortName(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

function subnetIn(attachment: JsonObject): string {
  const detail = getObjects(attachment, "details").find(({ name }) => name === "subnetId");
  return getString(detail ?? {}, "value") ?? "";
}

/** What the execution remembers, what it reported, what the bus carried of ours. */
function everythingSaid(ended: { outcome: unknown }, world: World): string {
  return JSON.stringify([ended.outcome, world.executions.records]);
}
