/** `repull history` and `repull undo`, in a world in which two services were healed. */

import { beforeEach, describe, expect, test } from "vitest";
import { type HistorySession, parseSince } from "../../../src/cli/account/sessions/history-session.ts";
import { history } from "../../../src/cli/commands/history.ts";
import { undo } from "../../../src/cli/commands/undo.ts";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { getObject, getString } from "../../../src/ecs/json-fields.ts";
import type { ExecutionHistory } from "../../../src/history/history.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { JsonObject } from "../../../src/runtime/json.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import { createAccountInventory } from "../../../src/sandbox/aws/scan/account-inventory.ts";
import { createServiceInventory } from "../../../src/sandbox/aws/scan/service-inventory.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { play } from "../../support/scenario.ts";

const registries = {
  "docker.io": { images: { "library/nginx:1.25": {}, "library/nginx:1.24": {} }, quota: { remaining: 0 } },
  "public.ecr.aws": { images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } } },
};
const web = { cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 2 };
const SINCE = "2026-01-20T00:00:00Z";

let world: World;
let execution: string;
let session: HistorySession;

/** A world after its first service was healed. */
async function heal(file: object): Promise<void> {
  const ended = await play({ world: { services: [web], registries, ...file } });
  expect(ended.outcome.outcome).toBe("succeeded");
  ({ world, execution } = ended);
  session = pastOf(world);
}

function pastOf(from: World): HistorySession {
  const { cluster, ports, clock, executions } = from;
  return {
    where: "the sandbox",
    inventory: createServiceInventory(cluster),
    ports: { ecs: ports.ecs, schedules: ports.schedules, log: silentLog },
    executionHistory: {
      past: async () =>
        executions.records
          .filter(({ workflow }) => workflow === "remediate")
          .map(({ name, status, result }) => ({ name, status, startedAt: clock.now(), result })),
    },
    scheduledTasks: createAccountInventory(from).scheduledTasks,
    clock,
  };
}

const runs = async (): Promise<string> =>
  shortRevision((await world.ports.ecs.describeService("prod", "web"))?.taskDefinition ?? "");

describe("undo", () => {
  beforeEach(() => heal({}));

  // biome-ignore format: a table is read by its columns
  const table = [
    ["the plan alone writes nothing",            { name: "web", yes: false },     0, "web:43"],
    ["a service goes back",                      { name: "web", yes: true },      0, "web:42"],
    ["by the name of its execution",             { name: "EXECUTION", yes: true }, 0, "web:42"],
    ["by the time of its revision",              { since: SINCE, yes: true },     0, "web:42"],
    ["what was done before is left alone",       { since: "2026-02-01T00:00:00Z", yes: true }, 1, "web:43"],
    ["another service is not meant",             { name: "shop", yes: true },     1, "web:43"],
  ] as const;

  for (const [because, asked, status, revision] of table) {
    test(because, async () => {
      const io = commandIo();
      const name = "name" in asked ? { name: asked.name === "EXECUTION" ? execution : asked.name } : {};
      expect(await undo({ json: false, wait: false, ...asked, ...name }, session, io)).toBe(status);
      expect(await runs()).toBe(revision);
    });
  }

  test("says beforehand what it leads to", async () => {
    const io = commandIo();
    await undo({ name: "web", yes: false, json: false, wait: false }, session, io);
    expect(io.printed.out).toContain("prod/web: from web:43 back to web:42");
    expect(io.printed.out).toContain("nginx:1.25 again");
    expect(io.printed.out).toContain("while the limit lasts, no new task starts");
    expect(io.printed.out).toContain("repull=off");
  });

  // biome-ignore format: a table is read by its columns
  const copied: readonly (readonly [string, object])[] = [
    ["another command",                   { command: ["serve", "--all"] }],
    ["another image than Repull's own",   { image: `public.ecr.aws/docker/library/nginx@sha256:${"e".repeat(64)}` }],
  ];
  for (const [what, change] of copied) {
    test(`a foreign revision with Repull's tags and ${what} is left alone`, async () => {
      const ours = world.definitions.describe("web:43");
      const [container] = (ours?.taskDefinition.containerDefinitions ?? []) as readonly JsonObject[];
      world.definitions.register({
        family: "web",
        containerDefinitions: [{ ...container, ...change }],
        tags: (ours?.tags ?? []).map(({ key, value }) => ({ key, value })),
      } as unknown as JsonObject);
      world.cluster.updateService("prod", "web", "web:44");
      expect(await undo({ since: SINCE, yes: true, json: false, wait: false }, session, commandIo())).toBe(1);
      expect(await runs()).toBe("web:44");
    });
  }

  for (const tag of [{ repull: "off" }, { repull: "No" }, { Repull: " off" }]) {
    test(`the opt-out tag ${JSON.stringify(tag)} does not block an operator`, async () => {
      const { ecs } = world.ports;
      const describeService: typeof ecs.describeService = async (cluster, service) => {
        const found = await ecs.describeService(cluster, service);
        return found && { ...found, tags: tag };
      };
      const tagged: HistorySession = {
        ...session,
        ports: { ...session.ports, ecs: { ...ecs, describeService } },
      };
      expect(await undo({ name: "web", yes: true, json: false, wait: false }, tagged, commandIo())).toBe(0);
      expect(await runs()).toBe("web:42");
    });
  }

  test("a second time there is nothing left to undo", async () => {
    expect(await undo({ name: "web", yes: true, json: false, wait: false }, session, commandIo())).toBe(0);
    const io = commandIo();
    expect(await undo({ name: "web", yes: true, json: false, wait: false }, session, io)).toBe(1);
    // With --quiet too.
    expect(io.printed.err).toMatch(/^repull undo: /m);
  });

  test("a foreign deployment in between is kept", async () => {
    const theirs = world.definitions.register({
      family: "web",
      containerDefinitions: [{ name: "web", image: "nginx:1.26" }],
    });
    const { ecs } = world.ports;
    let looks = 0;
    const meanwhile: HistorySession = {
      ...session,
      ports: {
        ...session.ports,
        ecs: {
          ...ecs,
          describeService: async (cluster, service) => {
            looks += 1;
            // After the plan, before the write.
            if (looks === 2) world.cluster.updateService(cluster, service, theirs);
            return await ecs.describeService(cluster, service);
          },
        },
      },
    };
    const io = commandIo();
    expect(await undo({ name: "web", yes: true, json: true, wait: false }, meanwhile, io)).toBe(1);
    expect(objectsIn(io.printed.out)).toMatchObject([{ outcome: "superseded", service: "web" }]);
    expect(await runs()).toBe(shortRevision(theirs));
  });

  test("a former revision that was deregistered comes back as a copy", async () => {
    world.definitions.deregister("web:42");
    expect(await undo({ name: "web", yes: true, json: false, wait: false }, session, commandIo())).toBe(0);
    expect(await runs()).toBe("web:44");
    const copy = await world.ports.ecs.describeTaskDefinition("web:44");
    expect(JSON.stringify(copy?.taskDefinition.containerDefinitions)).toContain('"nginx:1.25"');
    expect(await undo({ name: "web", yes: true, json: false, wait: false }, session, commandIo())).toBe(1);
  });
});

test("a rule goes back to the revision that it pinned", async () => {
  const job = {
    cluster: "prod",
    family: "job",
    revision: 3,
    image: "nginx:1.25",
    startedBy: "events-rule/nightly",
  };
  const rule = { kind: "rule", name: "nightly", cluster: "prod", taskDefinition: "job:3" };
  const other = { ...web, image: "public.ecr.aws/docker/library/nginx:1.25" };
  const ended = await play({
    world: { services: [other], tasks: [job], schedules: [rule], registries },
    policy: { schedules: "move" },
  });
  world = ended.world;
  const target = () =>
    getString(getObject(world.schedules.all[0]?.target ?? {}, "EcsParameters") ?? {}, "TaskDefinitionArn");
  expect(target()).toMatch(/job:4$/);
  expect(await undo({ name: "job", yes: true, json: false, wait: false }, pastOf(world), commandIo())).toBe(
    0,
  );
  expect(target()).toMatch(/job:3$/);
});

test("rules are among what was done since a time", async () => {
  const job = {
    cluster: "prod",
    family: "job",
    revision: 3,
    image: "nginx:1.25",
    startedBy: "events-rule/nightly",
  };
  const rule = { kind: "rule", name: "nightly", cluster: "prod", taskDefinition: "job:3" };
  const other = { ...web, image: "public.ecr.aws/docker/library/nginx:1.25" };
  const ended = await play({
    world: { services: [other], tasks: [job], schedules: [rule], registries },
    policy: { schedules: "move" },
  });
  const io = commandIo();
  expect(await undo({ since: SINCE, yes: true, json: false, wait: true }, pastOf(ended.world), io)).toBe(0);
  expect(io.printed.out).toContain("the rule nightly was moved from job:4 back to job:3");
  // A rule has no rollout to follow.
  expect(io.printed.err.trim().split("\n")).toHaveLength(1);

  const denied = {
    ...pastOf(ended.world),
    scheduledTasks: () => Promise.reject(new AwsError("denied", "events:ListRules", "events:ListRules: no")),
  };
  const left = commandIo();
  expect(await undo({ since: SINCE, yes: false, json: false, wait: false }, denied, left)).toBe(1);
  expect(left.printed.err).toContain("rules and schedules are left out: events:ListRules: no");
});

describe("a rollback that is followed", () => {
  /** The command runs in the world's time. */
  const followed = async (json = false): Promise<{ status: number; io: ReturnType<typeof commandIo> }> => {
    const io = commandIo();
    let status: number | undefined;
    world.clock.schedule(world.clock.now(), async () => {
      status = await undo({ name: "web", yes: true, json, wait: true }, session, io);
    });
    await world.runUntil(() => status !== undefined, 24 * 3600);
    if (status === undefined) throw new Error("undo never ends");
    return { status, io };
  };

  test("runs again once the limit period has passed", async () => {
    await heal({});
    await world.run(7 * 3600);
    const { status, io } = await followed();
    expect(status).toBe(0);
    expect(io.printed.out).toContain("web running: 2 of 2 tasks run web:42");
  });

  test("is seen not to start while the limit lasts, and nothing more is written", async () => {
    await heal({});
    const { status, io } = await followed();
    expect(status).toBe(1);
    expect(io.printed.out).toMatch(
      /undone: .*\nweb does not start: \d+ tasks of web:42 could not pull .*429/,
    );
    expect(io.printed.err).toMatch(/web: 0 of 2 tasks run web:42/);
    expect(await runs()).toBe("web:42");
  });

  test("is printed as JSON too", async () => {
    await heal({});
    const { io } = await followed(true);
    expect(objectsIn(io.printed.out)).toMatchObject([
      { outcome: "undone", service: "web" },
      { followed: "cannot-start", service: "web" },
    ]);
  });
});

describe("history", () => {
  beforeEach(() => heal({}));

  test("prints what was done, by which proof, how it ended, and that it is active", async () => {
    const io = commandIo();
    expect(await history({ since: SINCE, json: true }, session, io)).toBe(0);
    expect(objectsIn(io.printed.out)).toMatchObject([
      {
        execution,
        ended: "succeeded",
        workload: "prod/web",
        images: [{ image: "nginx:1.25", proof: "same-index" }],
        active: true,
      },
    ]);
  });

  test("says who approved it, where an approval was asked for", async () => {
    const yes = JSON.stringify({ decision: "approve", by: "Ada" });
    const asked = { policy: { mode: "approve" as const }, answers: [{ says: yes }] };
    ({ world, execution } = await play({ world: { services: [web], registries }, ...asked }));
    const io = commandIo();
    await history({ since: SINCE, json: false }, pastOf(world), io);
    expect(io.printed.out).toContain("approved by Ada");
  });

  test("shows by the tags what the engine has forgotten, or will not say", async () => {
    const silent: ExecutionHistory = {
      past: () =>
        Promise.reject(new AwsError("absent", "lambda:ListDurableExecutionsByFunction", "no such function")),
    };
    const io = commandIo();
    expect(await history({ since: SINCE, json: true }, { ...session, executionHistory: silent }, io)).toBe(0);
    expect(objectsIn(io.printed.out)).toMatchObject([
      {
        execution,
        ended: "unknown",
        former: "web:42",
        images: [
          {
            image: "nginx:1.25",
            substitute: expect.stringMatching(
              /^public\.ecr\.aws\/docker\/library\/nginx@sha256:[0-9a-f]{64}$/,
            ),
          },
        ],
        active: true,
      },
    ]);
    expect(io.printed.err).toContain("no such function");
  });

  test("does not say that nothing was done where the engine does not answer", async () => {
    const past = () => Promise.reject(new AwsError("denied", "lambda:ListDurableExecutionsByFunction", "no"));
    const emptied = { ...session, inventory: { clusters: async () => [], services: async function* () {} } };
    const print = async (from: HistorySession) => {
      const io = commandIo();
      await history({ since: "2100-01-01T00:00:00Z", json: false }, from, io);
      return io.printed.out;
    };
    const read = await print({ ...emptied, executionHistory: { past: async () => [] } });
    const unread = await print({ ...emptied, executionHistory: { past } });
    expect([read !== "", unread !== "", read === unread]).toEqual([true, true, false]);
  });

  test("no longer says that it is active, once it is undone", async () => {
    await undo({ name: "web", yes: true, json: false, wait: false }, session, commandIo());
    const io = commandIo();
    await history({ since: SINCE, json: false }, session, io);
    expect(io.printed.out).toContain("succeeded");
    expect(io.printed.out).not.toContain("running");
  });
});

describe("a moment", () => {
  const now = Date.parse("2026-01-20T12:00:00Z");
  // biome-ignore format: a table is read by its columns
  const table = [
    ["90m",                  "2026-01-20T10:30:00.000Z"],
    ["6h",                   "2026-01-20T06:00:00.000Z"],
    ["30d",                  "2025-12-21T12:00:00.000Z"],
    ["2026-01-20T10:00:00Z", "2026-01-20T10:00:00.000Z"],
    ["yesterday",            "no moment"],
    ["6",                    "no moment"],
    ["-1h",                  "no moment"],
  ] as const;
  for (const [text, moment] of table) {
    test(`${text}: ${moment}`, () => {
      const read = () => new Date(parseSince(text, now)).toISOString();
      if (moment === "no moment") expect(read).toThrow(/--since/);
      else expect(read()).toBe(moment);
    });
  }
});
