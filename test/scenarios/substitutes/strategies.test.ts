/**
 * Services that deploy in stages, under alarms and hooks: our deployments go the same way, are waited for as long,
 * and the results of the service's own checks apply to them.
 */

import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/remediation/report/outcome.ts";
import {
  ENGINES,
  type Engine,
  inOfficialEnvironment,
  play,
  type Scenario,
  stateOf,
} from "../../support/scenario.ts";

const HUB = "nginx:1.25";
const OLD = "nginx:1.24";
const OURS = /repull\/docker\.io\/library\/nginx/;
const registries = {
  "docker.io": {
    images: { "library/nginx:1.25": { platforms: ["linux/amd64"] }, "library/nginx:1.24": {} },
    quota: { remaining: 0 },
  },
  ecr: { images: { "repull/docker.io/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};
const deploying = (extra: object, others: object = registries): Scenario["world"] => ({
  services: [
    { cluster: "prod", name: "web", image: HUB, formerly: OLD, revision: 42, desiredCount: 2, ...extra },
  ],
  registries: others,
});

const BLUE_GREEN = { strategy: { kind: "BLUE_GREEN" }, bakeTimeMinutes: 15 };
const CANARY = { strategy: { kind: "CANARY", stepPercent: 10, stepMinutes: 30 }, bakeTimeMinutes: 10 };
const LINEAR = { strategy: { kind: "LINEAR", stepPercent: 25, stepMinutes: 20 }, bakeTimeMinutes: 10 };
const hook = (extra: object) => ({ name: "smoke-test", stage: "POST_TEST_TRAFFIC_SHIFT", ...extra });
const alarms = (extra: object) => ({ alarms: { names: ["5xx"], rollback: true, ...extra } });
const BREAKER = { circuitBreaker: "rollback" };

// Each row: what the service has set, how it ends, what runs then, the words, and the least minutes that it takes.
// biome-ignore format: a table is read by its columns
const table: readonly (readonly [string, object, Outcome["outcome"], RegExp | string, readonly RegExp[], number])[] = [
  ["a rolling update under a breaker",                 BREAKER,                                                                              "succeeded",   OURS, [/2 of 2 tasks run web:43/], 0],
  ["a rolling update whose alarm stays silent",        alarms({}),                                                                           "succeeded",   OURS, [/2 of 2 tasks run web:43/], 0],
  ["a rolling update whose alarm fires",               { ...alarms({ fires: "BAKE_TIME" }), bakeTimeMinutes: 5 },                            "rolled-back",  OLD,  [/\bweb:43\b.*\bBAKE_TIME: the alarm 5xx\b/, /alarm 5xx/], 0],
  ["a rolling update whose alarm wants no rollback",   { ...alarms({ rollback: false, fires: "BAKE_TIME" }), bakeTimeMinutes: 5 },           "rollout-timed-out", OURS, [/ECS stopped the deployment of web:43.*the alarm 5xx fired/, /alarm 5xx/], 0],
  ["blue/green",                                       BLUE_GREEN,                                                                           "succeeded",   OURS, [/2 of 2 tasks run web:43/], 15],
  ["blue/green under a breaker",                       { ...BLUE_GREEN, ...BREAKER },                                                        "succeeded",   OURS, [/2 of 2 tasks run web:43/], 15],
  ["blue/green whose hook says yes",                   { ...BLUE_GREEN, hooks: [hook({ ends: "succeeds", takesSeconds: 600 })] },             "succeeded",   OURS, [/2 of 2 tasks run web:43/], 25],
  ["blue/green whose hook says no",                    { ...BLUE_GREEN, hooks: [hook({ ends: "fails" })] },                                  "rolled-back",  OLD,  [/\bweb:43\b.*\bPOST_TEST_TRAFFIC_SHIFT: .*function:smoke-test returned FAILED/, /hook smoke-test/], 0],
  ["blue/green whose hook is never done",              { ...BLUE_GREEN, hooks: [hook({ ends: "times-out", timeoutMinutes: 45 })] },           "rolled-back",  OLD,  [/function:smoke-test timed out/, /hook smoke-test/], 45],
  ["blue/green that a person lets go on",              { ...BLUE_GREEN, hooks: [hook({ isPause: true, ends: "succeeds", takesSeconds: 7200 })] }, "succeeded", OURS, [/2 of 2 tasks run web:43/], 135],
  ["blue/green whose pause times out",                 { ...BLUE_GREEN, hooks: [hook({ isPause: true, ends: "times-out", timeoutMinutes: 120 })] }, "rolled-back", OLD, [/\bweb:43\b.*\bPOST_TEST_TRAFFIC_SHIFT\b/, /pause hook/], 120],
  ["blue/green whose alarm fires",                     { ...BLUE_GREEN, ...alarms({ fires: "BAKE_TIME" }) },                                 "rolled-back",  OLD,  [/at BAKE_TIME: the alarm 5xx fired/, /alarm 5xx/], 0],
  ["a canary",                                         CANARY,                                                                               "succeeded",   OURS, [/2 of 2 tasks run web:43/], 40],
  ["a canary whose alarm fires on a tenth",            { ...CANARY, ...alarms({ fires: "PRODUCTION_TRAFFIC_SHIFT" }) },                      "rolled-back",  OLD,  [/at PRODUCTION_TRAFFIC_SHIFT: the alarm 5xx fired/, /alarm 5xx/], 0],
  ["a linear one",                                     LINEAR,                                                                               "succeeded",   OURS, [/2 of 2 tasks run web:43/], 70],
  ["a linear one whose hook says no after it all",     { ...LINEAR, hooks: [hook({ stage: "POST_PRODUCTION_TRAFFIC_SHIFT", ends: "fails" })] }, "rolled-back", OLD, [/at POST_PRODUCTION_TRAFFIC_SHIFT/, /hook smoke-test/], 60],
  ["blue/green whose hook says no while it bakes",     { ...BLUE_GREEN, hooks: [hook({ stage: "BAKE_TIME", ends: "fails" })] },              "rolled-back",  OLD,  [/at BAKE_TIME/, /hook smoke-test/], 0],
];

inOfficialEnvironment();

const OFFICIALLY = ["a rolling update whose alarm fires", "blue/green", "blue/green whose hook says no"];

describe("our deployment, by the service's settings", () => {
  for (const [name, extra, outcome, image, words, minutes] of table) {
    // AWS's own engine takes real time for each look: it plays one row of each kind.
    const engines = OFFICIALLY.includes(name) ? ENGINES : ENGINES.filter((engine) => engine !== "official");
    test.each(engines)(`${name}: ${outcome} [%s]`, async (engine: Engine) => {
      const { world, event, outcome: ended } = await play({ world: deploying(extra) }, engine);
      expect(ended.outcome).toBe(outcome);
      const [because, step] = words;
      expect(ended.because).toMatch(because ?? /./);
      if (step !== undefined) expect(ended.nextSteps.join("\n")).toMatch(step);
      const { images } = await stateOf(world, "prod", "web");
      expect(images[0]).toMatch(image);
      const took = (world.clock.now() - Date.parse(String(event.time))) / 60_000;
      expect(took).toBeGreaterThanOrEqual(minutes);
      // No loop: one revision of ours, and one redeployment.
      expect(await ownRevisions(world)).toHaveLength(1);
    });
  }

  test("keeps the old tasks until its traffic has moved", async () => {
    let least = Number.POSITIVE_INFINITY;
    await play({
      world: deploying(BLUE_GREEN),
      meanwhile: (world) => {
        const look = (): void => {
          const tasks = world.cluster.tasks("prod").filter(({ lastStatus }) => lastStatus === "RUNNING");
          least = Math.min(least, tasks.length);
          world.clock.schedule(world.clock.now() + 10_000, look);
        };
        look();
      },
    });
    expect(least).toBeGreaterThanOrEqual(2);
  });

  test("is followed by its tasks alone where its story may not be read", async () => {
    const refusals = [{ action: "ecs:DescribeServiceDeployments", kind: "denied" }];
    const world = { ...(deploying(BLUE_GREEN) as object), refusals };
    const { outcome } = await play({ world });
    expect(outcome).toMatchObject({ outcome: "succeeded", because: "2 of 2 tasks run web:43" });
  });

  test("that cannot be pulled either is tried at the next place, whatever the strategy", async () => {
    const world = deploying(BLUE_GREEN, {
      ...registries,
      "public.ecr.aws": {
        images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
      },
    });
    const { outcome, world: after } = await play({
      world,
      meanwhile: ({ registries: { ecr } }) =>
        void ecr.fail({
          on: "manifest-get",
          as: { kind: "status", status: 403, code: "DENIED", message: "no" },
        }),
    });
    expect(outcome.outcome).toBe("succeeded");
    expect((await stateOf(after, "prod", "web")).images[0]).toMatch(
      /^public\.ecr\.aws\/docker\/library\/nginx@/,
    );
  });

  test("that waits for a person says so when its time is over", async () => {
    const hooks = [hook({ isPause: true, ends: "times-out", timeoutMinutes: 20_160 })];
    const { outcome, world, event } = await play({ world: deploying({ ...BLUE_GREEN, hooks }) });
    expect(outcome.outcome).toBe("rollout-timed-out");
    expect(outcome.because).toMatch(/after 16 hours /);
    const hours = (world.clock.now() - Date.parse(String(event.time))) / 3_600_000;
    expect(hours).toBeLessThan(18);
  });
});

describe("a foreign deployment that has come to its traffic when a task of it cannot be pulled", () => {
  const late = (extra: object): Scenario => ({
    // Two tasks were pulled while there was a pull left for each; then one of them dies.
    world: deploying(
      { ...CANARY, ...extra },
      { ...registries, "docker.io": { ...registries["docker.io"], quota: { remaining: 2 } } },
    ),
    untilFailure: (world) => {
      world.clock.schedule(world.clock.now() + 300_000, () => {
        const [task] = world.cluster
          .tasks("prod")
          .filter((one) => one.service?.deployments[0] === one.deployment);
        if (task !== undefined) world.cluster.stopTask("prod", task.arn, "a machine has died");
      });
    },
  });

  test("ends first: ours would begin its canary anew", async () => {
    const { world, outcome, event } = await play(late({}));
    const service = world.cluster.service("prod", "web");
    const theirs = service?.serviceDeployments.find(({ taskDefinition }) => taskDefinition.endsWith(":42"));
    expect(outcome.outcome).toBe("succeeded");
    // Theirs was given its time; ours came when it could not end, three hours later.
    const began = (service?.serviceDeployments[0]?.createdAt ?? 0) - Date.parse(String(event.time));
    expect(theirs?.hooks.size).toBe(0);
    expect(began / 60_000).toBeGreaterThan(60);
  });
});

async function ownRevisions(world: Awaited<ReturnType<typeof play>>["world"]): Promise<readonly string[]> {
  const revisions = await world.ports.ecs.newestRevisions("web", 20);
  return revisions.flatMap(({ arn, tags }) =>
    tags.some(({ key }) => key === "repull:previous-revision") ? arn : [],
  );
}
