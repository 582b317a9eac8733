/** `repull undo` where services of one name were healed in several clusters, and by whose rules it writes. */

import { beforeEach, describe, expect, it } from "vitest";
import type { DeployedConfig } from "../../../src/cli/account/deployed-config.ts";
import type { HistorySession } from "../../../src/cli/account/sessions/history-session.ts";
import { type UndoInput, undo } from "../../../src/cli/commands/undo.ts";
import { shortRevision } from "../../../src/ecs/arn.ts";
import { getObject, getString } from "../../../src/ecs/json-fields.ts";
import {
  type KillSwitch,
  NO_KILL_SWITCH,
  withKillSwitchOnDeployments,
} from "../../../src/remediation/gates/kill-switch.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import { createAccountInventory } from "../../../src/sandbox/aws/scan/account-inventory.ts";
import { createServiceInventory } from "../../../src/sandbox/aws/scan/service-inventory.ts";
import { installRepull } from "../../../src/sandbox/install-repull.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { commandIo } from "../../support/command-io.ts";
import { readPolicy } from "../../support/policy.ts";

const HEALED = ["prod/web web:43", "staging/web web-staging:8"];
const PROD_BACK = ["prod/web web:42", "staging/web web-staging:8"];
const file = {
  services: [
    { cluster: "prod", name: "web", image: "nginx:1.25", revision: 42, desiredCount: 1 },
    {
      cluster: "staging",
      name: "web",
      family: "web-staging",
      image: "nginx:1.25",
      revision: 7,
      desiredCount: 1,
    },
  ],
  registries: {
    "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } },
    "public.ecr.aws": {
      images: { "docker/library/nginx:1.25": { sameAs: "docker.io/library/nginx:1.25" } },
    },
  },
};

let world: World;
beforeEach(async () => {
  world = await createWorld(readWorldFile(file));
  installRepull(world, { policy: readPolicy({}) });
  await world.run(1200);
  expect(runs()).toEqual(HEALED);
});

const runs = (): readonly string[] =>
  world.cluster
    .services()
    .map((service) => `${service.cluster.name}/${service.name} ${shortRevision(service.taskDefinition)}`);

async function undone(
  asked: Partial<UndoInput>,
  rules?: { readonly policy?: object; readonly killSwitch?: KillSwitch },
) {
  const { cluster, ports, clock } = world;
  const { killSwitch = NO_KILL_SWITCH, policy = {} } = rules ?? {};
  const config: DeployedConfig = { policy: readPolicy(policy), from: "the test's policy", killSwitch };
  const own = { ecs: ports.ecs, schedules: ports.schedules, log: silentLog };
  const session: HistorySession = {
    where: "the sandbox",
    home: world.home,
    inventory: createServiceInventory(cluster),
    ports: withKillSwitchOnDeployments(own, killSwitch),
    executionHistory: { past: async () => [] },
    scheduledTasks: createAccountInventory(world).scheduledTasks,
    clock,
    installed: config,
  };
  const io = commandIo();
  const status = await undo({ yes: true, json: false, wait: false, ...asked }, session, io);
  return { status, ...io.printed };
}

describe("repull undo, where two clusters have a service of that name", () => {
  it("asks for the cluster, and changes nothing", async () => {
    const { status, err } = await undone({ name: "web" });
    expect(status).toBe(2);
    for (const place of ["prod/web", "staging/web"]) expect(err).toContain(place);
    expect(runs()).toEqual(HEALED);
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["--cluster NAME",   () => ({ name: "web", cluster: "prod" })],
    ["--cluster ARN",    () => ({ name: "web", cluster: `arn:aws:ecs:us-east-1:${world.home.account}:cluster/prod` })],
    ["CLUSTER/SERVICE",  () => ({ name: "prod/web" })],
    ["the service's ARN", () => ({ name: `arn:aws:ecs:us-east-1:${world.home.account}:service/prod/web` })],
    ["the execution",    () => ({ name: executionIn("prod") })],
  ] as const;
  for (const [by, asked] of table) {
    it(`undoes the one that is named by ${by}`, async () => {
      expect((await undone(asked())).status).toBe(0);
      expect(runs()).toEqual(PROD_BACK);
    });
  }

  it("refuses an ARN of another account", async () => {
    const name = "arn:aws:ecs:us-east-1:210987654321:service/prod/web";
    await expect(undone({ name })).rejects.toMatchObject({ name: "Refused", code: "other-account" });
    expect(runs()).toEqual(HEALED);
  });
});

describe("repull undo, by the stack's rules", () => {
  // biome-ignore format: a table is read by its columns
  const refusals = [
    ["the kill switch is pulled", { killSwitch: { activeReason: async () => "by Ada" } }, "writes-stopped"],
    ["the mode is observe",       { policy: { mode: "observe" } },            "observe-mode"],
  ] as const;
  for (const [when, rules, code] of refusals) {
    it(`writes nothing when ${when}`, async () => {
      await expect(undone({ name: "prod/web" }, rules)).rejects.toMatchObject({ name: "Refused", code });
      expect(runs()).toEqual(HEALED);
    });

    it(`shows its plan all the same when ${when}`, async () => {
      expect((await undone({ name: "prod/web", yes: false }, rules)).status).toBe(0);
    });
  }

  it("leaves a service of a cluster that the policy leaves out", async () => {
    const rules = { policy: { scope: { clusters: { exclude: ["prod"] } } } };
    expect((await undone({ name: "prod/web" }, rules)).status).toBe(1);
    expect(runs()).toEqual(HEALED);
  });

  it("stops at the write when the kill switch is pulled after the plan", async () => {
    let reads = 0;
    const killSwitch = { activeReason: async () => (++reads > 1 ? "by Ada" : undefined) };
    expect((await undone({ name: "prod/web" }, { killSwitch: killSwitch })).status).toBe(4);
    expect(runs()).toEqual(HEALED);
  });
});

describe("repull undo, where rules of two clusters start one family", () => {
  const starter = (cluster: string) => `events-rule/${cluster}-nightly`;
  const task = {
    cluster: "prod",
    family: "job",
    revision: 3,
    image: "nginx:1.25",
    startedBy: starter("prod"),
  };
  const rule = (cluster: string) => ({
    kind: "rule",
    name: `${cluster}-nightly`,
    cluster,
    taskDefinition: "job:3",
  });
  const targets = () =>
    world.schedules.all.map(({ name, target }) => {
      const pinned = getString(getObject(target, "EcsParameters") ?? {}, "TaskDefinitionArn") ?? "";
      return `${name} ${shortRevision(pinned) === "job:3" ? "former" : "ours"}`;
    });
  const BOTH_HEALED = ["prod-nightly ours", "staging-nightly ours"];
  const PROD_FORMER = ["prod-nightly former", "staging-nightly ours"];

  beforeEach(async () => {
    const schedules = [rule("prod"), rule("staging")];
    // A service in each, for ECS to know the clusters.
    const services = file.services.map((service) => ({
      ...service,
      image: "public.ecr.aws/docker/library/nginx:1.25",
    }));
    world = await createWorld(
      readWorldFile({ services, tasks: [task], schedules, registries: file.registries }),
    );
    installRepull(world, { policy: readPolicy({ schedules: "move" }) });
    world.cluster.runTask({ cluster: "staging", taskDefinition: "job:3", startedBy: starter("staging") });
    await world.run(1200);
    expect(targets()).toEqual(BOTH_HEALED);
  });

  it("asks for the cluster, and changes nothing", async () => {
    expect((await undone({ name: "job" })).status).toBe(2);
    expect(targets()).toEqual(BOTH_HEALED);
  });

  // biome-ignore format: a table is read by its columns
  const table = [
    ["--cluster NAME", () => ({ name: "job", cluster: "prod" })],
    ["CLUSTER/FAMILY", () => ({ name: "prod/job" })],
    ["the execution",  () => ({ name: executionIn("prod") })],
  ] as const;
  for (const [by, asked] of table) {
    it(`undoes the one that is named by ${by}`, async () => {
      expect((await undone(asked())).status).toBe(0);
      expect(targets()).toEqual(PROD_FORMER);
    });
  }
});

/** The execution that healed the service of that cluster. */
function executionIn(cluster: string): string {
  const found = world.bus.outcomes.find(({ workload }) =>
    (workload as { cluster?: string } | undefined)?.cluster?.endsWith(`/${cluster}`),
  );
  return String(found?.execution);
}
