/** The state after a deployment of ours was written: it is followed, or another's came at the same moment. */

import { describe, expect, test } from "vitest";
import type { Deployment } from "../../../../src/ecs/service/service.ts";
import type { Restored } from "../../../../src/remediation/deploy/redeploy-previous.ts";
import type { RedeployResult } from "../../../../src/remediation/deploy/redeploy-service.ts";
import { formatBackOn, formatBecause } from "../../../../src/remediation/report/ending-reason.ts";
import { next, withSeen } from "../../../../src/remediation/workflow/next.ts";
import type {
  Displaced,
  FailedSubstitute,
  Overwritten,
  State,
} from "../../../../src/remediation/workflow/state.ts";
import type { WriteResult } from "../../../../src/remediation/workflow/write.ts";
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
  imagesOf,
  NOW,
  OURS,
  revision,
  stateOf,
  survey,
} from "../../../support/workflow-state.ts";

const substitution = { previousRevision: FORMER, newRevision: OURS };
const plans = imagesOf({});
const said = expect.any(String);

/** A deployment that ECS shows. */
const deployment = (number: number, taskDefinition: string, more: Partial<Deployment> = {}): Deployment => ({
  id: `ecs-svc/${number}`,
  status: "ACTIVE",
  taskDefinition,
  rolloutState: "IN_PROGRESS",
  desiredCount: 2,
  runningCount: 0,
  pendingCount: 0,
  failedTasks: 0,
  ...more,
});
const primary = (number: number, taskDefinition: string, more: Partial<Deployment> = {}): Deployment =>
  deployment(number, taskDefinition, { status: "PRIMARY", ...more });

/** The failing deployment is `ecs-svc/1`, ours `ecs-svc/2`, another's that came between them `ecs-svc/3`. */
const failing = deployment(1, FORMER);
const ours = primary(2, OURS);
const theirs = deployment(3, FOREIGN);
const wroteIt = (deployments: readonly Deployment[], more: object = {}): RedeployResult => ({
  kind: "redeployed",
  deployments,
  ...more,
});
const ranAlready = (deployments: readonly Deployment[], more: object = {}): RedeployResult => ({
  kind: "already",
  deployments,
  ...more,
});
const seenInPlace: RedeployResult = { kind: "superseded", because, revision: FOREIGN };

type Row = readonly [title: string, Given, WriteResult, changes: object];

function rowsOf(name: string, table: readonly Row[]): void {
  describe(name, () => {
    for (const [title, given, result, changes] of table)
      test(title, () => {
        const before = stateOf(given);
        expect(changesOf(before, next(before, result, contextOf(given)))).toEqual(changes);
      });
  });
}

const registered: Given = { state: { newRevision: OURS, registered: [OURS] } };
const redeploy = (redeployed: RedeployResult): WriteResult => ({
  write: "start",
  started: { of: "service", redeployed },
});
const rollout = (more: object = {}) => ({
  surveyed: survey(),
  images: plans,
  newRevision: OURS,
  ownRevisions: [],
  secondsMax: 900,
  polls: 0,
  waitedSeconds: 0,
  pause: 30,
  wasDisplaced: false,
  ...more,
});
const watched = (more: object = {}) => ({ substitution, rollout: rollout(more) });
const place = { clusterArn: CLUSTER, service: "web", newRevision: OURS };
const displaced = (more: Partial<Displaced> = {}): Displaced => ({
  answer: { kind: "superseded", because, revision: FOREIGN },
  place,
  write: "start",
  isWaitedFor: false,
  ...more,
});

// biome-ignore format: a table is read by its columns
rowsOf("the state after our deployment was written", [
  ["our deployment is watched by its id",           registered, redeploy(wroteIt([ours])), watched({ deploymentId: "ecs-svc/2" })],
  ["a service that ran our revision already does not show whose deployment it is", registered, redeploy(ranAlready([ours, failing])), watched()],
  ["an answer without a primary deployment has no id", registered, redeploy(wroteIt([])), watched()],
  ["another's was replaced by it",                  registered, redeploy(wroteIt([ours, theirs])), watched({ deploymentId: "ecs-svc/2", foreignRevision: FOREIGN })],
  ["what the write has seen in its place is taken before what is shown", registered, redeploy(wroteIt([ours, theirs], { foreign: revision(51) })), watched({ deploymentId: "ecs-svc/2", foreignRevision: revision(51) })],
  ["deployments that were there before are no other's", registered, redeploy(ranAlready([ours, deployment(1, FOREIGN)])), watched()],
  ["the failing revision, deployed anew, is no other's", registered, redeploy(wroteIt([ours, deployment(4, FORMER)])), watched({ deploymentId: "ecs-svc/2" })],
  ["an earlier substitute of ours is no other's",   { state: { ...registered.state, tried: [failedSubstitute({ newRevision: revision(40) })] } }, redeploy(wroteIt([ours, deployment(4, revision(40))])), watched({ deploymentId: "ecs-svc/2", ownRevisions: [revision(40)] })],
  ["what ECS itself goes back to is not another's", registered, redeploy(wroteIt([ours, deployment(3, FOREIGN, { rolloutStateReason: "ECS is rolling back" })])), watched({ deploymentId: "ecs-svc/2" })],
  ["a slow service is given its time",              { ...registered, survey: { rolloutTimeoutSeconds: 57_600 } }, redeploy(wroteIt([])), watched({ surveyed: survey({ rolloutTimeoutSeconds: 57_600 }), secondsMax: 57_600 })],
  ["all rollouts together are given eighteen hours", { survey: { rolloutTimeoutSeconds: 57_600 }, state: { ...registered.state, watchedSeconds: 50_000 } }, redeploy(wroteIt([])), watched({ surveyed: survey({ rolloutTimeoutSeconds: 57_600 }), secondsMax: 14_800 })],
  ["another revision is in place: it is looked at again", registered, redeploy(seenInPlace), { displaced: displaced() }],
  ["another deployment of it ends the remediation", registered, redeploy({ kind: "superseded", because }), { ending: { kind: "superseded", because: said, images: plans } }],
  ["a service that runs whole by now is left alone", registered, redeploy({ kind: "superseded", because, whole: true }), { ending: { kind: "superseded", because: said, images: plans } }],
  ["a write that was throttled before is over",     { state: { ...registered.state, throttled: 2 } }, redeploy(wroteIt([])), { throttled: 0, ...watched() }],
]);

const undone: Pick<FailedSubstitute, "kind" | "images"> = { kind: "unhealthy", images: plans };
const back = (state: Partial<State> = {}, afterwards?: string): Given => ({
  survey: null,
  state: {
    registered: [OURS],
    substitution,
    rollback: { of: failedSubstitute(undone), ...(afterwards === undefined ? {} : { afterwards }) },
    ...state,
  },
});
const rollBack = (restored: Restored): WriteResult => ({ write: "undo", restored });
const restored = (to = FORMER, byEcs = false) => ({ rollback: { restored: { to, byEcs, looks: 0 } } });
const theOther = (more: Partial<Overwritten> = {}): Overwritten => ({
  clusterArn: CLUSTER,
  service: "web",
  images: plans,
  substitution,
  revision: FOREIGN,
  knownDeploymentIds: ["ecs-svc/1", "ecs-svc/4", "ecs-svc/3"],
  written: [OURS, FORMER],
  attempt: 1,
  mustWait: false,
  ...more,
});
const inForce = primary(4, FORMER);
const inactive = revision(43);
const rollingBack = {
  rolloutStateReason: "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/9",
};
const failed = deployment(3, FOREIGN, { rolloutState: "FAILED" });

// biome-ignore format: a table is read by its columns
rowsOf("the state after the rollback was written", [
  ["the service is back",                           back(), rollBack({ kind: "redeployed", deployments: [inForce], to: FORMER }), restored()],
  ["ECS goes back by itself",                       back(), rollBack({ kind: "redeployed", deployments: [], to: FORMER, byEcs: true }), restored(FORMER, true)],
  ["a service that was back already is followed",   back(), rollBack({ kind: "already", deployments: [inForce], to: FORMER }), restored()],
  ["a service that is back on a copy of the former revision is followed", back(), rollBack({ kind: "redeployed", deployments: [primary(4, inactive)], to: inactive }), restored(inactive)],
  ["ours runs whole by now, and stays",             back(), rollBack({ kind: "superseded", because, revision: FOREIGN, whole: true }), { ending: { kind: "succeeded", because: said, images: plans, substitution } }],
  ["another revision is in place: it is looked at again", back(), rollBack({ kind: "superseded", because, revision: FOREIGN }), { displaced: displaced({ place: { ...place, newRevision: FORMER }, write: "undo" }) }],
  ["the service is gone",                           back(), rollBack({ kind: "superseded", because }), { ending: { kind: "superseded", because: said, images: plans, substitution } }],
  ["a rollback that replaced another's deployment deploys that one again", back(), rollBack({ kind: "redeployed", deployments: [inForce, theirs], to: FORMER }), { overwritten: theOther() }],
  ["ECS itself went back to it from another's, which failed and is not deployed again", back(), rollBack({ kind: "already", deployments: [primary(4, FORMER, rollingBack), failed], to: FORMER }), restored()],
  ["a deployment that was surveyed is no other's",  back(), rollBack({ kind: "already", deployments: [inForce, deployment(1, FOREIGN)], to: FORMER }), restored()],
  ["what this execution registered is not another's", back({ registered: [OURS, revision(40)] }), rollBack({ kind: "redeployed", deployments: [inForce, deployment(3, revision(40))], to: FORMER }), restored()],
  ["our own revision is no other's",                back({ registered: [] }), rollBack({ kind: "redeployed", deployments: [inForce, deployment(2, OURS)], to: FORMER }), restored()],
  ["nothing is gone back from",                     { survey: null }, rollBack({ kind: "redeployed", deployments: [], to: FORMER }), {}],
]);

const isBack = (
  deployments: readonly Deployment[],
  more: Partial<Displaced> = {},
  state: Partial<State> = {},
): Given => ({
  ...back({
    displaced: displaced({
      place: { ...place, newRevision: FORMER },
      write: "undo",
      isWaitedFor: true,
      ...more,
    }),
    ...state,
  }),
  seen: { kind: "service", at: NOW, deployments },
});
const redeployed = (more: Partial<Displaced> = {}): Given => ({
  state: { ...registered.state, displaced: displaced({ isWaitedFor: true, ...more }) },
});
const gone = { displaced: GONE };
const still = { kind: "service", at: NOW } as const;
const superseded = { kind: "superseded", because: said, images: plans, substitution };
const withoutRevision = { answer: { kind: "superseded", because } } as const;

describe("the state after a second look at the service", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, Given, changes: object])[] = [
    ["our deployment: the other revision still runs, which is the end",   { ...redeployed(), seen: still }, { ...gone, ending: { kind: "superseded", because: said, images: plans } }],
    ["our deployment: it is in place after all, and watched", { ...redeployed(), seen: { kind: "service", at: NOW, deployments: [ours] } }, { ...gone, ...watched({ foreignRevision: FOREIGN }) }],
    ["our deployment: without a revision that was seen in its place", { ...redeployed(withoutRevision), seen: { kind: "service", at: NOW, deployments: [ours] } }, { ...gone, ...watched() }],
    ["our deployment: another's is shown behind it",  { ...redeployed(withoutRevision), seen: { kind: "service", at: NOW, deployments: [ours, theirs] } }, { ...gone, ...watched({ foreignRevision: FOREIGN }) }],
    ["the rollback: the other revision still runs, which is the end",   { ...isBack([]), seen: still }, { ...gone, ending: { ...superseded, revision: FOREIGN } }],
    ["the rollback: it is in place, and has replaced another's, which is deployed again", isBack([inForce, theirs]), { ...gone, overwritten: theOther() }],
    ["the rollback: another's that failed is not deployed again", isBack([inForce, deployment(3, FOREIGN, { rolloutState: "FAILED" })]), { ...gone, ending: { ...superseded, revision: FOREIGN } }],
    ["the rollback: another failed deployment than that one says nothing", isBack([inForce, deployment(3, revision(51), { rolloutState: "FAILED" })]), { ...gone, overwritten: theOther() }],
    ["the rollback: ECS itself went back to it",      isBack([primary(4, FORMER, rollingBack), theirs]), { ...gone, ending: { ...superseded, revision: FOREIGN } }],
    ["the rollback: no revision was seen in its place", isBack([inForce], withoutRevision), { ...gone, ending: superseded }],
    ["no revision was looked for",                    { ...back(), seen: still }, {}],
    ["nothing is gone back from any more",            { survey: null, state: { displaced: displaced({ write: "undo" }) }, seen: still }, {}],
  ];
  for (const [title, given, changes] of table)
    test(title, () => {
      const before = stateOf({ ...given });
      expect(changesOf(before, withSeen(before, given.seen ?? still, contextOf(given)))).toEqual(changes);
    });
});

/** Theirs is to be deployed again, in place of the former revision that was written last. */
const overwritten = (more: Partial<Overwritten> = {}, state: Partial<State> = {}): Given => ({
  survey: null,
  state: {
    registered: [OURS],
    overwritten: theOther({ knownDeploymentIds: ["ecs-svc/1", "ecs-svc/3", "ecs-svc/4"], ...more }),
    ...state,
  },
});
const restore = (answer: RedeployResult): WriteResult => ({ write: "restore", redeployed: answer });
const isTheirs = primary(5, FOREIGN);
const putBack = { ending: superseded };
const overwrote = (then: unknown, of = FOREIGN) => ({
  ending: { ...superseded, because: { code: "overwrote", revision: of, then } },
});
const deployedAgain = overwrote("deployed-again");
const yetAnother = revision(51);
const followed = (more: object = {}) => ({
  overwritten: {
    revision: yetAnother,
    knownDeploymentIds: ["ecs-svc/1", "ecs-svc/3", "ecs-svc/4", "ecs-svc/5", "ecs-svc/6"],
    written: [OURS, FORMER, FOREIGN],
    attempt: 2,
    ...more,
  },
});

// biome-ignore format: a table is read by its columns
rowsOf("the state after another's was deployed again", [
  ["a deployment that runs again ends the remediation", overwritten(), restore(wroteIt([isTheirs])), deployedAgain],
  ["a deployment that its own deployer has put back ends the remediation", overwritten(), restore(ranAlready([isTheirs])), deployedAgain],
  ["a deployment of its that we had seen is an answer of the past: it is given time", overwritten(), restore(ranAlready([primary(3, FOREIGN)])), { overwritten: { attempt: 2, mustWait: true } }],
  ["an answer with a revision that was written before the last is given time", overwritten(), restore({ kind: "superseded", because, revision: OURS }), { overwritten: { attempt: 2, mustWait: true } }],
  ["an answer with the first of several revisions is given time", overwritten({ written: [OURS, FORMER, FOREIGN], revision: yetAnother }), restore({ kind: "superseded", because, revision: OURS }), { overwritten: { attempt: 2, mustWait: true } }],
  ["what was written last, deployed by another, is not an answer of the past: it is looked at twice", overwritten(), restore({ kind: "superseded", because, revision: FORMER }), { overwritten: { attempt: 2, mustWait: true, displacedBy: FORMER } }],
  ["a third revision in place is looked at twice", overwritten(), restore({ kind: "superseded", because, revision: yetAnother }), { overwritten: { attempt: 2, mustWait: true, displacedBy: yetAnother } }],
  ["seen twice, it is in place: that is the end",   overwritten({ displacedBy: yetAnother }), restore({ kind: "superseded", because, revision: yetAnother }), putBack],
  ["a third one comes before the second look: it is looked at twice, too", overwritten({ displacedBy: revision(52) }), restore({ kind: "superseded", because, revision: yetAnother }), { overwritten: { attempt: 2, mustWait: true, displacedBy: yetAnother } }],
  ["no fifth look is taken",                        overwritten({ attempt: 4 }), restore({ kind: "superseded", because, revision: yetAnother }), putBack],
  ["theirs is in its place at the second look: it was replaced, and is deployed again", overwritten({ displacedBy: yetAnother }), restore(ranAlready([primary(6, FOREIGN)])), followed({ displacedBy: GONE, knownDeploymentIds: ["ecs-svc/1", "ecs-svc/3", "ecs-svc/4", "ecs-svc/6"] })],
  ["the service is gone",                           overwritten(), restore({ kind: "superseded", because }), putBack],
  ["an answer of the past is asked for a fourth time", overwritten({ attempt: 3 }), restore(ranAlready([primary(3, FOREIGN)])), { overwritten: { attempt: 4, mustWait: true } }],
  ["an answer of the past is not asked for a fifth time", overwritten({ attempt: 4 }), restore(ranAlready([primary(3, FOREIGN)])), overwrote("unseen")],
  ["theirs has replaced yet another's: that one is deployed again", overwritten(), restore(wroteIt([isTheirs, deployment(6, yetAnother)])), followed()],
  ["another's deployment is deployed again as often as four times", overwritten({ attempt: 3 }), restore(wroteIt([isTheirs, deployment(6, yetAnother)])), followed({ attempt: 4 })],
  ["another's deployment is not deployed again more than four times", overwritten({ attempt: 4 }), restore(wroteIt([isTheirs, deployment(6, yetAnother)])), overwrote({ replacedBy: FOREIGN }, yetAnother)],
  ["a revision of ours behind it is not another's", overwritten(), restore(wroteIt([isTheirs, deployment(6, OURS)])), deployedAgain],
  ["what ran before it is not another's",           overwritten(), restore(wroteIt([isTheirs, deployment(6, FORMER)])), deployedAgain],
  ["a deployment that was shown before is not another's", overwritten(), restore(wroteIt([isTheirs, deployment(4, yetAnother)])), deployedAgain],
  ["a deployment of ours is not another's where ours alone was written", overwritten({ written: [OURS] }, { registered: [] }), restore(wroteIt([isTheirs, deployment(6, OURS)])), deployedAgain],
  ["nothing was replaced",                          { survey: null }, restore(wroteIt([])), {}],
]);

describe("what a record names", () => {
  const ending = (given: Given, result: WriteResult): string =>
    formatBecause(next(stateOf(given), result, contextOf(given)).ending?.because ?? "")
      .match(/web:\d+|afterwards/g)
      ?.join(" ") ?? "";
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, told: string, names: string])[] = [
    ["the former revision",                          formatBackOn(FORMER, FORMER),   "web:41"],
    ["a copy of it, and it",                         formatBackOn(inactive, FORMER), "web:43 web:41"],
    ["what has to be deployed where ECS shows no more", ending(overwritten({ attempt: 4 }), restore(ranAlready([primary(3, FOREIGN)]))), "web:50 web:50"],
    ["what runs, and what has to be deployed again",   ending(overwritten({ attempt: 4 }), restore(wroteIt([isTheirs, deployment(6, yetAnother)]))), "web:51 web:50 web:51"],
  ];
  for (const [title, told, names] of table)
    test(title, () => expect(told.match(/web:\d+|afterwards/g)?.join(" ")).toBe(names));
});
