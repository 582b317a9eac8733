import { describe, expect, test } from "vitest";
import { type Deployment, readService, type Service } from "../../../src/ecs/service/service.ts";
import type { Task } from "../../../src/ecs/task/task.ts";
import type { RolloutContext } from "../../../src/remediation/deploy/rollout.ts";
import { judgeRollout, rolloutTimeoutSeconds } from "../../../src/remediation/deploy/rollout-verdict.ts";

const arn = (revision: number): string =>
  `arn:aws:ecs:us-east-1:123456789012:task-definition/web:${revision}`;
/** The failing revision, ours that replaces it, the one before, and a foreign next one. */
const [FORMER, OURS, OLDER, THEIRS] = [arn(42), arn(43), arn(41), arn(44)];
const watched: RolloutContext = {
  newRevision: OURS,
  previousRevision: FORMER,
  replacedDeploymentId: "d-42",
  knownDeploymentIds: ["d-42", "d-41"],
};

const ROLLBACK = "ECS deployment circuit breaker: rolling back to deploymentId d-41.";
const LIMIT =
  "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";

/**
 * `d-43 web:43 running 1/2 failed 3 IN_PROGRESS`, the primary first; `because …` at the end is its rolloutStateReason.
 * Without a state: a service behind a Classic Load Balancer.
 */
function deployment(text: string, index: number): Deployment {
  const read =
    /^(?<id>\S+) web:(?<revision>\d+) running (?<running>\d+)\/(?<desired>\d+)(?: pending (?<pending>\d+))?(?: failed (?<failed>\d+))?(?: (?<state>[A-Z_]+))?(?: because (?<reason>.+))?$/.exec(
      text,
    )?.groups;
  if (read === undefined) throw new Error(`no deployment: ${text}`);
  return {
    id: read.id ?? "",
    status: index === 0 ? "PRIMARY" : "ACTIVE",
    taskDefinition: arn(Number(read.revision)),
    ...(read.state === undefined ? {} : { rolloutState: read.state }),
    ...(read.reason === undefined ? {} : { rolloutStateReason: read.reason }),
    desiredCount: Number(read.desired),
    runningCount: Number(read.running),
    pendingCount: Number(read.pending ?? 0),
    failedTasks: Number(read.failed ?? 0),
  };
}

function service(deployments: string, pointsAt?: string): Service {
  const list = deployments === "" ? [] : deployments.split("; ").map(deployment);
  const base = readService({ serviceName: "web", status: "ACTIVE", desiredCount: 2 });
  return { ...base, taskDefinition: pointsAt ?? list[0]?.taskDefinition ?? OURS, deployments: list };
}

/** Stopped tasks of our revision: how each ended. */
const ENDS: Readonly<Record<string, Partial<Task>>> = {
  limit: { stopCode: "TaskFailedToStart", stoppedReason: LIMIT },
  denied: {
    stopCode: "TaskFailedToStart",
    stoppedReason: "CannotPullContainerError: pull access denied for 1.dkr.ecr.us-east-1.amazonaws.com/x",
  },
  crash: { stopCode: "EssentialContainerExited", stoppedReason: "Essential container in task exited" },
  noRoom: { stopCode: "TaskFailedToStart", stoppedReason: "ResourceInitializationError: no secret" },
  scaledIn: { stopCode: "ServiceSchedulerInitiated", stoppedReason: "Scaling activity" },
  byHand: { stopCode: "UserInitiated", stoppedReason: "CannotPullContainerError, they say" },
};
const tasks = (ends: string): readonly Task[] =>
  ends === ""
    ? []
    : ends.split(" ").map((end) => ({ arn: "", taskDefinitionArn: OURS, containers: [], ...ENDS[end] }));

describe("our deployment", () => {
  // biome-ignore format: a table is read by its columns
  const table = [
    ["completed",                                      "d-43 web:43 running 2/2 COMPLETED",                                                         "",                "succeeded"],
    ["completed, though tasks failed on the way",   "d-43 web:43 running 2/2 COMPLETED",                                                         "limit limit",     "succeeded"],
    ["wants no task, and has none",                 "d-43 web:43 running 0/0 COMPLETED",                                                         "",                "succeeded"],
    ["runs, but is not yet counted on",             "d-43 web:43 running 2/2 IN_PROGRESS",                                                       "",                "in-progress"],
    ["is completed, and has lost a task",           "d-43 web:43 running 1/2 COMPLETED",                                                         "",                "in-progress"],
    ["starts next to the former",                    "d-43 web:43 running 0/2 IN_PROGRESS; d-42 web:42 running 2/2 COMPLETED",                    "",                "in-progress"],
    ["is not there yet",                            "",                                                                                          "",                "in-progress"],
    ["one failed task may be unrelated",            "d-43 web:43 running 0/2 failed 1 IN_PROGRESS",                                              "denied",          "in-progress"],
    ["tasks fail, and others run",                  "d-43 web:43 running 1/2 failed 3 IN_PROGRESS",                                              "denied denied",   "in-progress"],
    ["tasks that were scaled in are not failures",   "d-43 web:43 running 0/2 IN_PROGRESS",                                                       "scaledIn byHand scaledIn", "in-progress"],
    ["its image is denied",                         "d-43 web:43 running 0/2 failed 2 IN_PROGRESS",                                              "denied denied",   "cannot-pull"],
    ["it meets a limit too",                        "d-43 web:43 running 0/2 failed 2 IN_PROGRESS",                                              "limit limit",     "cannot-pull"],
    ["its tasks crash",                             "d-43 web:43 running 0/2 IN_PROGRESS",                                                       "crash crash",     "unhealthy"],
    ["its tasks cannot start for another reason",   "d-43 web:43 running 0/2 failed 2 IN_PROGRESS",                                              "noRoom noRoom",   "unhealthy"],
    ["ECS counts failures, and no task says why",      "d-43 web:43 running 0/2 failed 4 IN_PROGRESS",                                              "",                "unhealthy"],
    ["the breaker ends it, with nowhere to go",     "d-43 web:43 running 1/2 failed 3 FAILED because tasks failed to start.",                    "crash",           "unhealthy"],
    ["the breaker goes back to the one before",     `d-9 web:41 running 0/2 IN_PROGRESS because ${ROLLBACK}; d-43 web:43 running 0/2 FAILED`,    "denied",          "rolled-back"],
    ["the breaker goes back to the failing one",    `d-9 web:42 running 0/2 IN_PROGRESS because ${ROLLBACK}; d-43 web:43 running 0/2 FAILED`,    "denied",          "rolled-back"],
    ["a foreign deployment of the failing one",     "d-9 web:42 running 0/2 IN_PROGRESS; d-43 web:43 running 0/2 IN_PROGRESS",                   "",                "rolled-back"],
    ["a foreign deployment of the next",            "d-44 web:44 running 0/2 IN_PROGRESS; d-43 web:43 running 0/2 IN_PROGRESS",                  "",                "superseded"],
    ["the answer is of the time before our write",  "d-42 web:42 running 0/2 IN_PROGRESS",                                                       "",                "in-progress"],
    ["of the time before, while ECS rolled back",   `d-42 web:42 running 0/2 IN_PROGRESS because ${ROLLBACK}`,                                   "",                "in-progress"],
    ["it replaced a foreign one",                   "d-43 web:43 running 0/2 IN_PROGRESS; d-44 web:44 running 0/2 IN_PROGRESS",                  "",                "overwrote"],
    ["it took the place of one after the former",    "d-43 web:43 running 0/2 IN_PROGRESS; d-45 web:44 running 0/2; d-44 web:42 running 0/2",       "",                "overwrote"],
    ["the previous one replaced a foreign one",      "d-43 web:43 running 0/2 IN_PROGRESS; d-45 web:42 running 0/2; d-44 web:44 running 0/2",       "",                "in-progress"],
    ["it took the place of ECS's rollback",         `d-43 web:43 running 0/2 IN_PROGRESS; d-9 web:41 running 0/2 IN_PROGRESS because ${ROLLBACK}`, "",              "in-progress"],
    ["no state is known, it is alone, and all run",  "d-43 web:43 running 2/2",                                                                   "",                "succeeded"],
    ["no state is known, and one more task starts",  "d-43 web:43 running 2/2 pending 1",                                                         "",                "in-progress"],
    ["no state is known, and a task too many runs",  "d-43 web:43 running 3/2",                                                                   "",                "in-progress"],
    ["no state is known, and the previous drains",     "d-43 web:43 running 2/2; d-42 web:42 running 1/0",                                          "",                "in-progress"],
    ["no state is known, and its tasks crash",       "d-43 web:43 running 0/2 failed 2; d-42 web:42 running 2/0",                                 "crash crash",     "unhealthy"],
    ["it took the place of one known before",       "d-43 web:43 running 0/2 IN_PROGRESS; d-41 web:41 running 2/2 COMPLETED",                    "",                "in-progress"],
  ] as const;
  for (const [because, deployments, ends, expected] of table) {
    test(`${because}: ${expected}`, () => {
      expect(judgeRollout(service(deployments), tasks(ends), watched).kind).toBe(expected);
    });
  }

  test("that was seen behind a foreign one restores that one", () => {
    const now = service("d-43 web:43 running 2/2 COMPLETED");
    expect(judgeRollout(now, [], { ...watched, foreignRevision: THEIRS })).toMatchObject({
      kind: "overwrote",
      revision: THEIRS,
    });
  });

  test("that ECS came back to, after a foreign one failed, restores nothing", () => {
    const now = service("d-50 web:43 running 1/2 IN_PROGRESS; d-44 web:44 running 0/2 FAILED");
    expect(judgeRollout(now, [], { ...watched, foreignRevision: THEIRS, ourDeploymentId: "d-43" }).kind).toBe(
      "in-progress",
    );
    expect(judgeRollout(now, [], { ...watched, foreignRevision: THEIRS, ourDeploymentId: "d-50" }).kind).toBe(
      "overwrote",
    );
  });

  test("is named by its id, and as the older one, where it is shown behind a foreign one", () => {
    const now = service("d-44 web:44 running 0/2 IN_PROGRESS; d-43 web:43 running 2/2 COMPLETED");
    const { kind, ...told } = judgeRollout(now, [], watched);
    expect([kind, told]).toMatchObject(["superseded", { deployment: "d-43" }]);
    expect(told).not.toHaveProperty("revision");
  });

  test("is not shown next to a foreign one: which came first is not known, and that one is reported", () => {
    const verdict = judgeRollout(service("d-44 web:44 running 0/2 IN_PROGRESS"), [], watched);
    expect(verdict).toMatchObject({ kind: "superseded", revision: THEIRS });
  });

  test("is not mistaken for an earlier substitute of the same execution", () => {
    const before = service("d-8 web:41 running 0/2 IN_PROGRESS");
    expect(judgeRollout(before, [], { ...watched, ownRevisions: [OLDER] }).kind).toBe("in-progress");
  });

  test("shows no token of an account in its reason", () => {
    const told =
      "toomanyrequests: You have reached your pull rate limit as 'shop': dckr_jti_abcdefghijklmnopqrstuvwxyz0=.";
    const stopped = tasks("limit limit").map((task) => ({
      ...task,
      stoppedReason: `CannotPullContainerError: ${told}`,
    }));
    const verdict = judgeRollout(service("d-43 web:43 running 0/2 failed 2 IN_PROGRESS"), stopped, watched);
    expect(verdict.kind).toBe("cannot-pull");
    expect(verdict.because).not.toMatch(/dckr_jti_a/);
  });
});

describe("the time that a rollout gets", () => {
  const minutes = (json: Parameters<typeof readService>[0]): number =>
    rolloutTimeoutSeconds(readService(json)) / 60;
  // biome-ignore format: a table is read by its columns
  const table = [
    ["a plain service",                 {}, 0],
    ["a grace period, twice",           { healthCheckGracePeriodSeconds: 600 }, 20],
    ["a bake time",                     { deploymentConfiguration: { bakeTimeInMinutes: 30 } }, 30],
    ["blue/green with its bake time",   { deploymentConfiguration: { strategy: "BLUE_GREEN", bakeTimeInMinutes: 15 } }, 15],
    ["a canary's first step",           { deploymentConfiguration: { strategy: "CANARY", canaryConfiguration: { canaryBakeTimeInMinutes: 20 } } }, 20],
    ["each step of a linear one",       { deploymentConfiguration: { strategy: "LINEAR", linearConfiguration: { stepPercent: 25, stepBakeTimeInMinutes: 10 } } }, 30],
    ["a hook's own limit",              { deploymentConfiguration: { lifecycleHooks: [{ lifecycleStages: ["POST_SCALE_UP"], timeoutConfiguration: { timeoutInMinutes: 40 } }] } }, 40],
    ["a hook's limit, at each stage",   { deploymentConfiguration: { lifecycleHooks: [{ lifecycleStages: ["POST_SCALE_UP", "BAKE_TIME"], timeoutConfiguration: { timeoutInMinutes: 40 } }] } }, 80],
    ["a hook's limit, at each step of the traffic", { deploymentConfiguration: { strategy: "CANARY", lifecycleHooks: [{ lifecycleStages: ["PRODUCTION_TRAFFIC_SHIFT"], timeoutConfiguration: { timeoutInMinutes: 40 } }] } }, 90],
  ] as const;
  for (const [because, json, more] of table) {
    test(`grows by ${more} minutes for ${because}`, () => expect(minutes(json) - minutes({})).toBe(more));
  }
  test("has a bound", () =>
    expect(minutes({ deploymentConfiguration: { bakeTimeInMinutes: 100_000 } })).toBe(960));
});
