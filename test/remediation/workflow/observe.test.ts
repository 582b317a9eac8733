/** What each observation reads, in a world where one service runs whole and nothing has failed. */

import { beforeAll, describe, expect, test } from "vitest";
import { optional } from "../../../src/ecs/json-fields.ts";
import { readEvent } from "../../../src/ecs-events/read-event.ts";
import type { Digest } from "../../../src/image/digest.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";
import type { KillSwitch } from "../../../src/remediation/ports/kill-switch.ts";
import { observe, type Subject } from "../../../src/remediation/workflow/observe.ts";
import type { Seen } from "../../../src/remediation/workflow/seen.ts";
import type { Displaced, Rollout, TaskWork } from "../../../src/remediation/workflow/state.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import { firstFailure } from "../../support/scenario.ts";
import {
  CLUSTER,
  contextOf,
  FOREIGN,
  FORMER,
  type Given,
  image,
  imagesOf,
  MEANT,
  revision,
  stateOf,
  survey,
  toCopy,
} from "../../support/workflow-state.ts";

const IMAGE = "nginx:1.25";
const SOURCE = "docker.io/library/nginx:1.25";
const file = {
  services: [{ cluster: "prod", name: "web", image: IMAGE, revision: 42, desiredCount: 2 }],
  registries: { "docker.io": { images: { "library/nginx:1.25": {} } } },
};
/** What the service runs. */
const RUNNING = revision(42);

const displaced = (ours: string, service = "web"): Displaced => ({
  answer: { kind: "superseded", because: "seen", revision: FOREIGN },
  place: { clusterArn: CLUSTER, service, newRevision: ours },
  write: "start",
  isWaitedFor: true,
});
const rollout = (ours: string, service = "web"): Rollout => ({
  surveyed: survey({ service, deploymentIds: [], failingRevision: FORMER }),
  images: imagesOf({}),
  newRevision: ours,
  ownRevisions: [],
  secondsMax: 900,
  polls: 0,
  waitedSeconds: 0,
  pause: 10,
  wasDisplaced: false,
});
const task = (taskArn: string): TaskWork => ({
  surveyed: { ...survey(), task: { taskArn, action: "run", targets: [] } },
  images: [],
  substitution: { previousRevision: FORMER, newRevision: RUNNING },
  target: 0,
  repointed: [],
  touched: 0,
  taskArn,
  waitedSeconds: 15,
});

/** A copy of the first of two images that is waited for; the target is where it lies already, or where it does not. */
const copying = (name: string, digest: Digest = MEANT): Given => ({
  survey: {
    images: [
      image({
        trusted: { digest, from: "origin" },
        probedCandidates: [toCopy({ kind: "found", digest, isIndex: true }, SOURCE, SOURCE)],
      }),
    ],
  },
  state: { copying: { index: 0, attempt: 1, own: 1, name, polls: 0, waitedSeconds: 0 } },
});

describe("in a world where the service runs whole", () => {
  let world: World;
  let [running, deployment] = ["", ""];
  let there: Digest = MEANT;
  beforeAll(async () => {
    world = await createWorld(readWorldFile(file));
    await world.run(600);
    const tasks = await world.ports.ecs.listTasks({
      cluster: CLUSTER,
      service: "web",
      desiredStatus: "RUNNING",
    });
    running = tasks[0]?.arn ?? "";
    deployment = (await world.ports.ecs.describeService(CLUSTER, "web"))?.deployments[0]?.id ?? "";
    there = (await world.ports.registries.headManifest(parseReference(SOURCE)))?.digest ?? MEANT;
    world.executions.serve("mirror", async () => ({ kind: "copied" }));
    await world.ports.executions.start("mirror", "copy-1", {});
    await world.run(60);
  });
  const seen = (subject: Subject, given: Given): Promise<Seen> =>
    observe(subject, stateOf({ survey: null, ...given }), contextOf(given), world.ports);

  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, Subject, given: () => Given, seen: object])[] = [
    ["the failure is surveyed, at the time of the world's clock", "failure", () => ({}), { kind: "survey", result: expect.objectContaining({ kind: "superseded" }) }],
    ["does not stop at first for what this execution registered", "failure", () => ({ state: { registered: [RUNNING] } }), { kind: "survey", result: expect.objectContaining({ kind: "superseded" }) }],
    ["later it is: it runs whole",                    "failure",   () => ({ state: { look: 2, registered: [RUNNING] } }), { kind: "survey", result: expect.objectContaining({ kind: "succeeded" }) }],
    ["ours is in place: its deployments are shown",   "displaced", () => ({ state: { displaced: displaced(RUNNING) } }), { kind: "service", deployments: [expect.objectContaining({ taskDefinition: RUNNING })] }],
    ["another revision is in place",                  "displaced", () => ({ state: { displaced: displaced(FOREIGN) } }), { kind: "service" }],
    ["the service is gone",                           "displaced", () => ({ state: { displaced: displaced(RUNNING, "other") } }), { kind: "service" }],
    ["our rollout has ended",                         "rollout",   () => ({ state: { rollout: rollout(RUNNING) } }), { kind: "rollout", verdict: { kind: "succeeded", because: expect.any(String) } }],
    ["another revision is in place of our rollout",   "rollout",   () => ({ state: { rollout: rollout(FOREIGN) } }), { kind: "rollout", verdict: expect.objectContaining({ kind: "superseded", revision: RUNNING }) }],
    ["ECS went back to the former revision",          "rollout",   () => ({ state: { rollout: { ...rollout(FOREIGN), surveyed: survey({ failingRevision: RUNNING, deploymentIds: [] }) } } }), { kind: "rollout", verdict: expect.objectContaining({ kind: "rolled-back" }) }],
    ["an earlier substitute of ours is no other's",   "rollout",   () => ({ state: { rollout: { ...rollout(FOREIGN), ownRevisions: [RUNNING] } } }), { kind: "rollout", verdict: expect.objectContaining({ kind: "in-progress" }) }],
    ["what was seen in place of ours, and is not any more, was overwritten", "rollout", () => ({ state: { rollout: { ...rollout(RUNNING), foreignRevision: FOREIGN } } }), { kind: "rollout", verdict: expect.objectContaining({ kind: "overwrote", revision: FOREIGN }) }],
    ["unless ECS itself has gone back to ours",       "rollout",   () => ({ state: { rollout: { ...rollout(RUNNING), foreignRevision: FOREIGN, deploymentId: "ecs-svc/0" } } }), { kind: "rollout", verdict: expect.objectContaining({ kind: "succeeded" }) }],
    ["the service of our rollout is gone",            "rollout",   () => ({ state: { rollout: rollout(RUNNING, "other") } }), { kind: "rollout", verdict: { kind: "superseded", because: expect.any(String) } }],
    ["a task runs",                                   "rollout",   () => ({ state: { task: task(running) } }), { kind: "rollout", verdict: { kind: "succeeded", because: expect.any(String) } }],
    ["a task is not shown",                           "rollout",   () => ({ state: { task: task(`${CLUSTER.replace(":cluster/", ":task/")}/0f1e`) } }), { kind: "rollout", verdict: { kind: "in-progress", because: expect.any(String) } }],
    ["a copy that is not shown yet",                  "copy",      () => copying("copy-0"), { kind: "copy" }],
    ["a copy that has ended",                         "copy",      () => copying("copy-1"), { kind: "copy", status: expect.objectContaining({ status: "succeeded" }) }],
    ["ECS shows what ours replaced, and not ours yet", "rollout",  () => ({ state: { rollout: { ...rollout(FOREIGN), surveyed: survey({ deploymentId: deployment, deploymentIds: [] }) } } }), { kind: "rollout", verdict: expect.objectContaining({ kind: "in-progress" }) }],
  ];
  for (const [title, subject, given, expected] of table)
    test(title, async () =>
      expect(await seen(subject, given())).toEqual({ ...expected, at: world.clock.now() }),
    );

  describe("a copy whose end cannot be read", () => {
    const unreadable = async (digest: Digest, name = "copy-1"): Promise<Seen> => {
      const lift = world.faults.order("lambda:GetDurableExecution", "denied");
      const told = await seen("copy", copying(name, digest));
      lift();
      return told;
    };
    test("is looked for in its target, and found", async () =>
      expect(await unreadable(there)).toMatchObject({ status: { status: "unknown" }, isInTarget: true }));
    test("is looked for in its target, and not found", async () =>
      expect(await unreadable(MEANT)).toMatchObject({ status: { status: "unknown" }, isInTarget: false }));
    test("is not looked for where it is not shown yet", async () =>
      expect(await unreadable(there, "copy-0")).toEqual({ kind: "copy", at: world.clock.now() }));
  });
});

test("a deployment that was there when the service was surveyed was not overwritten by ours", async () => {
  const world = await createWorld(readWorldFile(file));
  await world.run(600);
  const [there] = (await world.ports.ecs.describeService(CLUSTER, "web"))?.deployments ?? [];
  const ours = world.definitions.register({
    family: "web",
    containerDefinitions: [{ name: "web", image: IMAGE }],
  });
  world.cluster.updateService("prod", "web", ours);
  const seen = async (deploymentIds: readonly string[]): Promise<Seen> => {
    const given: Given = {
      survey: null,
      state: { rollout: { ...rollout(ours), surveyed: survey({ deploymentIds }) } },
    };
    return await observe("rollout", stateOf(given), contextOf(given), world.ports);
  };
  expect(await seen([])).toMatchObject({ verdict: { kind: "overwrote", revision: RUNNING } });
  expect(await seen([there?.id ?? ""])).toMatchObject({ verdict: { kind: "in-progress" } });
});

test("what an image means was decided by the first survey, whatever its tag means now", async () => {
  const world = await createWorld(
    readWorldFile({
      ...file,
      registries: { "docker.io": { images: { "library/nginx:1.25": {} }, quota: { remaining: 0 } } },
    }),
  );
  const failing = readEvent(await firstFailure(world), world.home);
  if (failing.kind === "ignored") throw new Error(failing.because);
  const trusted = { digest: MEANT, from: "task" } as const;
  const given: Given = { survey: null, failure: failing, state: { meant: { [IMAGE]: trusted } } };
  const seen = await observe("failure", stateOf(given), contextOf(given), world.ports);
  expect(seen).toMatchObject({ result: { images: [{ image: IMAGE, trusted }] } });
});

describe("a survey reads the kill switch", () => {
  const unreadable = (kind: "denied" | "unavailable") => async (): Promise<string | undefined> => {
    throw new AwsError(kind, "ssm:GetParameter", "not read");
  };
  const seen = async (killSwitch: KillSwitch | undefined): Promise<Seen> => {
    const { ports } = await createWorld(readWorldFile(file));
    const given: Given = { survey: null };
    return await observe("failure", stateOf(given), contextOf(given), {
      ...ports,
      ...optional("killSwitch", killSwitch),
    });
  };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, KillSwitch | undefined, stopped: object | undefined])[] = [
    ["that is not there: writes are allowed",     undefined, undefined],
    ["that allows writes",                        { activeReason: async () => undefined, parameter: "/repull/writes" }, undefined],
    ["that is set",                               { activeReason: async () => "by Ada", parameter: "/repull/writes" }, { because: "by Ada", parameter: "/repull/writes" }],
    ["that may not be read: it counts as set",    { activeReason: unreadable("denied") }, { because: expect.any(String) }],
  ];
  for (const [title, killSwitch, stopped] of table)
    test(title, async () =>
      expect(await seen(killSwitch)).toEqual({
        kind: "survey",
        at: expect.any(Number),
        result: expect.anything(),
        ...optional("stopped", stopped),
      }),
    );

  test("that does not answer: the survey fails, and is made again", async () => {
    await expect(seen({ activeReason: unreadable("unavailable") })).rejects.toThrow(AwsError);
  });
});
