/** What an observation and a write leave in the state, and what is observed next on it. */

import { describe, expect, test } from "vitest";
import type { RolloutStatus } from "../../../src/remediation/deploy/rollout.ts";
import type { SurveyResult } from "../../../src/remediation/survey/types.ts";
import { next, withSeen } from "../../../src/remediation/workflow/next.ts";
import { type Subject, subjectOf } from "../../../src/remediation/workflow/observe.ts";
import type { Seen } from "../../../src/remediation/workflow/seen.ts";
import {
  type Displaced,
  FIRST_STATE,
  nextLook,
  type Overwritten,
  type Rollout,
  type State,
  type TaskWork,
} from "../../../src/remediation/workflow/state.ts";
import type { WriteResult } from "../../../src/remediation/workflow/write.ts";
import {
  because,
  CLUSTER,
  changesOf,
  contextOf,
  FOREIGN,
  FORMER,
  failedSubstitute,
  type Given,
  GONE,
  image,
  imagesOf,
  MEANT,
  NOW,
  OURS,
  revision,
  stateOf,
  survey,
  toCopy,
} from "../../support/workflow-state.ts";

const substitution = { previousRevision: FORMER, newRevision: OURS };
const trusted = { digest: MEANT, from: "origin" } as const;
const rollout = (more: Partial<Rollout> = {}): Pick<State, "rollout"> => ({
  rollout: {
    surveyed: survey(),
    images: imagesOf({}),
    newRevision: OURS,
    ownRevisions: [],
    secondsMax: 900,
    polls: 0,
    waitedSeconds: 0,
    pause: 10,
    wasDisplaced: false,
    ...more,
  },
});

const surveyed = (result: SurveyResult): Seen => ({ kind: "survey", at: NOW, result });
const shown = (verdict: RolloutStatus): Seen => ({ kind: "rollout", at: NOW, verdict });
const having = (state: Partial<State>): Given => ({ survey: null, state });
const { trusted: _, ...unread } = image();
const other = { ...trusted, from: "task" } as const;
const told = {
  managedBy: { kind: "terraform" },
  revertedSubstitute: OURS,
  skippedNewerRevision: FOREIGN,
} as const;

describe("the state after an observation", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, Given, Seen, changes: object])[] = [
    ["a survey makes the plan, and decides what each image means", having({}), surveyed(survey()), { plan: expect.objectContaining({ surveyed: survey() }), meant: { "nginx:1.25": trusted } }],
    ["what an image means is decided once",         having({ meant: { "nginx:1.25": other } }), surveyed(survey({ images: [image(), image({ image: "redis:7" })] })), { plan: expect.anything(), meant: { "redis:7": trusted } }],
    ["an image that is not trusted means nothing yet", having({}), surveyed(survey({ images: [unread] })), { plan: expect.anything() }],
    ["a survey says who manages the service, and which deployments came meanwhile", having({}), surveyed(survey({ managedBy: told.managedBy, recentSubstitutions: { ...survey().recentSubstitutions, revertedSubstitute: OURS, newer: FOREIGN } })), { plan: expect.anything(), meant: expect.anything(), ...told }],
    ["what a survey does not report any more is forgotten", having(told), surveyed(survey()), { plan: expect.anything(), meant: expect.anything(), managedBy: GONE, revertedSubstitute: GONE, skippedNewerRevision: GONE }],
    ["a survey that finds nothing to do changes nothing", having(told), surveyed({ kind: "ignored", because }), {}],
    ["a rollout that moves has the id of our deployment", having(rollout()), shown({ kind: "in-progress", because, deployment: "ecs-svc/2" }), { rollout: { deploymentId: "ecs-svc/2" } }],
    ["a deployment's id is known from then on",     having(rollout({ deploymentId: "ecs-svc/2" })), shown({ kind: "in-progress", because, deployment: "ecs-svc/3" }), {}],
    ["a verdict without an id has none",           having(rollout()), shown({ kind: "succeeded", because }), {}],
    ["another revision in place of ours is remembered", having(rollout()), shown({ kind: "superseded", because, revision: FOREIGN, deployment: "ecs-svc/2" }), { rollout: { foreignRevision: FOREIGN, deploymentId: "ecs-svc/2" } }],
    ["of two revisions seen in place of ours, the first is remembered", having(rollout({ foreignRevision: FOREIGN })), shown({ kind: "superseded", because, revision: revision(51) }), {}],
    ["seen again, it does not count as a new one",  having(rollout({ wasDisplaced: true })), shown({ kind: "superseded", because, revision: FOREIGN }), {}],
    ["a revision that ours has replaced is not in its place", having(rollout()), shown({ kind: "overwrote", because, revision: FOREIGN, deployments: [] }), {}],
    ["a revision that could not be read yet is remembered", having(rollout()), shown({ kind: "in-progress", because, replaced: FOREIGN }), { rollout: { foreignRevision: FOREIGN } }],
    ["a rollout that is not watched any more changes nothing", having({}), shown({ kind: "in-progress", because, deployment: "ecs-svc/2" }), {}],
    ["a task changes nothing",                      having({}), shown({ kind: "succeeded", because }), {}],
    ["nothing changes nothing",                     having({}), { kind: "nothing" }, {}],
    ["an observation that failed changes nothing",  having({}), { kind: "failed", failed: { because } }, {}],
  ];
  for (const [title, given, seen, changes] of table)
    test(title, () => {
      const state = stateOf(given);
      expect(changesOf(state, withSeen(state, seen, contextOf(given)))).toEqual(changes);
    });
});

const task = {
  taskArn: "arn:aws:ecs:us-east-1:123456789012:task/prod/0f1e",
  action: "run",
  targets: [],
} as const;
const registered: WriteResult = { write: "register", registered: { kind: "registered", arn: OURS } };
const images = expect.arrayContaining([expect.objectContaining({ image: "nginx:1.25" })]);

describe("the state after a write that was throttled, and after a revision was registered", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, Given, WriteResult, changes: object])[] = [
    ["a write that was throttled is counted, and has to wait", {}, { write: "throttled" }, { throttled: 1, isThrottled: true }],
    ["each further one is counted, too",            { state: { throttled: 3 } }, { write: "throttled" }, { throttled: 4, isThrottled: true }],
    ["a revision was registered",                   {}, registered, { newRevision: OURS, registered: [OURS] }],
    ["revisions registered before it stay known",   { state: { registered: [revision(40)], throttled: 2 } }, registered, { newRevision: OURS, registered: [revision(40), OURS], throttled: 0 }],
    ["a registered revision of a task is followed by its targets and its run", { survey: { task } }, registered, { newRevision: OURS, registered: [OURS], task: { surveyed: survey({ task }), images: imagesOf({}), substitution, target: 0, repointed: [], touched: 0, waitedSeconds: 0 } }],
    ["the failing revision is gone: that is the end", {}, { write: "register", registered: { kind: "superseded", because } }, { ending: { kind: "superseded", because, images } }],
  ];
  for (const [title, given, result, changes] of table)
    test(title, () => {
      const state = stateOf(given);
      expect(changesOf(state, next(state, result, contextOf(given)))).toEqual(changes);
    });
});

const displaced = (isWaitedFor: boolean): Displaced => ({
  answer: { kind: "superseded", because, revision: FOREIGN },
  place: { clusterArn: CLUSTER, service: "web", newRevision: OURS },
  write: "start",
  isWaitedFor,
});
const overwritten: Overwritten = {
  clusterArn: CLUSTER,
  service: "web",
  images: [],
  substitution,
  revision: FOREIGN,
  knownDeploymentIds: [],
  written: [OURS],
  attempt: 1,
  mustWait: false,
};
const work = (more: Partial<TaskWork> = {}): TaskWork => ({
  surveyed: { ...survey(), task },
  images: [],
  substitution,
  target: 0,
  repointed: [],
  touched: 0,
  waitedSeconds: 0,
  ...more,
});
const copying = { index: 0, attempt: 1, own: 1, polls: 0, waitedSeconds: 0 };
const rollback = { of: failedSubstitute() };
const taskArn = task.taskArn;

describe("what is observed next", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, Given, Subject | undefined])[] = [
    ["first the failure",                            { survey: null },                                       "failure"],
    ["nothing once it is known",                     {},                                                     undefined],
    ["the copy that was started",                    { state: { copying: { ...copying, name: "copy-1" } } }, "copy"],
    ["no copy that has to be started first",         { state: { copying } },                                 undefined],
    ["our rollout",                                  { survey: null, state: rollout() },                     "rollout"],
    ["no rollout that the caller does not wait for", { survey: null, state: rollout(), options: { waitForRollout: false } }, undefined],
    ["the rollout that may have replaced another's, though the caller does not wait", { survey: null, state: rollout({ foreignRevision: FOREIGN }), options: { waitForRollout: false } }, "rollout"],
    ["a rollout that the caller waits for",          { survey: null, state: rollout(), options: { waitForRollout: true } }, "rollout"],
    ["no rollout that is gone back from",            { survey: null, state: { ...rollout(), rollback } },    undefined],
    ["no rollout that has replaced another's",       { survey: null, state: { ...rollout(), overwritten } }, undefined],
    ["nothing before a rollback",                    { survey: null, state: { rollback } },                  undefined],
    ["nothing before another's is deployed again",   { survey: null, state: { overwritten } },               undefined],
    ["nothing before the wait for a second look",    { survey: null, state: { displaced: displaced(false) } }, undefined],
    ["the service after that wait",                  { survey: null, state: { displaced: displaced(true) } }, "displaced"],
    ["that service, though there is a rollout",      { survey: null, state: { ...rollout(), displaced: displaced(true) } }, "displaced"],
    ["no task that was not run",                     { survey: null, state: { task: work({ waitedSeconds: 15 }) } }, undefined],
    ["no task that has only been started",           { survey: null, state: { task: work({ taskArn }) } },   undefined],
    ["the task fifteen seconds after its start",     { survey: null, state: { task: work({ taskArn, waitedSeconds: 15 }) } }, "rollout"],
    ["nothing after a write that failed",            { survey: null, state: { failed: { because } } },       undefined],
    ["nothing once the end is decided",              { survey: null, state: { ending: { kind: "denied", because } } }, undefined],
    ["nothing while a throttled write waits",        { survey: null, state: { isThrottled: true } },         undefined],
    ["no rollout after a write that failed",         { survey: null, state: { ...rollout(), failed: { because } } }, undefined],
  ];
  for (const [title, given, subject] of table)
    test(`${title}: ${subject ?? "nothing"}`, () =>
      expect(subjectOf(stateOf(given), contextOf(given))).toBe(subject));
});

test("a plan copies what the platforms of the tasks need", () => {
  const arm = { os: "linux", architecture: "arm64" };
  const [plan] = imagesOf({
    survey: { platforms: [arm], images: [image({ probedCandidates: [toCopy()] })] },
  });
  expect(plan?.substitute?.copy?.platforms).toEqual([arm]);
});

test("a new survey after a pause keeps what was meant, written and tried, and counts anew what it waits for", () => {
  const kept: Partial<State> = {
    pauses: 2,
    meant: { "nginx:1.25": trusted },
    registered: [OURS],
    tried: [failedSubstitute()],
    substitution,
    brought: ["a"],
    polls: 9,
    watchedSeconds: 60,
    decision: { kind: "approved" },
    ...told,
    time: { startedAt: NOW, now: NOW, approvalSeconds: 0 },
    network: { subnet: "subnet-1", securityGroups: [], hasPublicAddress: false },
    limitWait: { seconds: 300, polls: 1, isTold: true },
    quota: { granted: true, of: "writes", hasWaited: false },
    approvals: { asked: 1, approved: ["a"] },
  };
  const ofThisAttempt: Partial<State> = {
    copying,
    newRevision: OURS,
    displaced: displaced(true),
    ...rollout(),
    overwritten,
    task: work(),
    failed: { because },
    ending: { kind: "denied", because },
    mirrored: ["a"],
    copies: 2,
    rejected: [{ image: "nginx:1.25", place: "a", because }],
    guardPauses: 1,
    deploymentSeconds: 300,
    throttled: 3,
    isThrottled: true,
  };
  const last = stateOf({ state: { ...ofThisAttempt, ...kept } });
  expect(nextLook(last)).toEqual({ ...FIRST_STATE, ...kept, look: 2 });
});
