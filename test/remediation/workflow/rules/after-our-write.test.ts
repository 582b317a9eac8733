/**
 * The rules once our change is written: each row is a state and an observation, and what is done on them. The world of a
 * row is a service on our substitute, but for what the row says.
 */

import { expect, test } from "vitest";
import type { RolloutStatus } from "../../../../src/remediation/deploy/rollout.ts";
import { throttleBackoffSeconds } from "../../../../src/remediation/deploy/throttled-write.ts";
import type { Seen } from "../../../../src/remediation/workflow/seen.ts";
import type { Failed, Overwritten, Rollout, State } from "../../../../src/remediation/workflow/state.ts";
import type { ImagePlan } from "../../../../src/substitution/plan-types.ts";
import {
  because,
  CLUSTER,
  COPY,
  EXECUTION,
  FOREIGN,
  FORMER,
  failedSubstitute,
  figuresIn,
  type Given,
  GONE,
  imagesOf,
  MEANT,
  NOW,
  OURS,
  revision,
  rules,
  survey,
} from "../../../support/workflow-state.ts";

const images = ["nginx:1.25"];
const plans = imagesOf({});
const made = { previousRevision: FORMER, newRevision: OURS };
const substitution = made;

const rollout = (more: Partial<Rollout> = {}): Rollout => ({
  surveyed: survey(),
  images: plans,
  newRevision: OURS,
  ownRevisions: [],
  secondsMax: 900,
  polls: 0,
  waitedSeconds: 0,
  pause: 10,
  wasDisplaced: false,
  ...more,
});

/** A rollout, and what ECS shows of it. */
const shown = (verdict: RolloutStatus, more: Partial<Rollout> = {}, state: Partial<State> = {}): Given => ({
  survey: null,
  state: { substitution, rollout: rollout(more), ...state },
  seen: { kind: "rollout", at: NOW, verdict },
});
const moving: RolloutStatus = { kind: "in-progress", because };
const settled: RolloutStatus = { kind: "succeeded", because };
const stuck: RolloutStatus = { kind: "stopped", because, nextSteps: ["deploy"] };
const worse: RolloutStatus = { kind: "unhealthy", because };
const replaced: RolloutStatus = { kind: "superseded", because, revision: FOREIGN };
const wentBack: RolloutStatus = { kind: "rolled-back", because };
const cannotPull = (...repositories: readonly string[]): RolloutStatus => ({
  kind: "cannot-pull",
  because,
  images: repositories,
});
const watched = (seconds: number, polls: number, waitedSeconds = seconds) => ({
  watchedSeconds: seconds,
  rollout: { polls, waitedSeconds, pause: seconds },
});
const many: Partial<Rollout> = { secondsMax: 57_600, polls: 50 };

// biome-ignore format: a table is read by its columns
rules("a rollout that has not ended", [
  ["is looked at before anything is decided",   { ...shown(moving), seen: { kind: "nothing" } }, "observe"],
  ["the first poll comes after ten seconds",    shown(moving), "wait 10 for rollout", { watchedSeconds: 10, rollout: { polls: 1, waitedSeconds: 10 } }],
  ["each further poll comes ten seconds later", shown(moving, { polls: 1, waitedSeconds: 10 }), "wait 20 for rollout", { watchedSeconds: 20, rollout: { polls: 2, waitedSeconds: 30, pause: 20 } }],
  ["polls come once a minute at least",         shown(moving, { polls: 9, waitedSeconds: 300, pause: 60 }), "wait 60 for rollout", { watchedSeconds: 60, rollout: { polls: 10, waitedSeconds: 360 } }],
  ["the first pause is the one that was left",  shown(moving, { pause: 40 }), "wait 40 for rollout", { watchedSeconds: 40, rollout: { polls: 1, waitedSeconds: 40 } }],
  ["just under an hour it is polled once a minute", shown(moving, { ...many, waitedSeconds: 3599, pause: 60 }), "wait 60 for rollout", { watchedSeconds: 60, rollout: { polls: 51, waitedSeconds: 3659 } }],
  ["the pauses grow after an hour",             shown(moving, { ...many, waitedSeconds: 3600, pause: 60 }), "wait 70 for rollout", { watchedSeconds: 70, rollout: { polls: 51, waitedSeconds: 3670, pause: 70 } }],
  ["the pauses of the second hour are five minutes at most", shown(moving, { ...many, waitedSeconds: 21_599, pause: 300 }), "wait 300 for rollout", { watchedSeconds: 300, rollout: { polls: 51, waitedSeconds: 21_899 } }],
  ["the pauses grow again after six hours",     shown(moving, { ...many, waitedSeconds: 21_600, pause: 300 }), "wait 310 for rollout", { watchedSeconds: 310, rollout: { polls: 51, waitedSeconds: 21_910, pause: 310 } }],
  ["the pauses after six hours are ten minutes at most", shown(moving, { ...many, waitedSeconds: 30_000, pause: 600 }), "wait 600 for rollout", { watchedSeconds: 600, rollout: { polls: 51, waitedSeconds: 30_600 } }],
  ["the last pause ends with the time of the rollout", shown(moving, { polls: 9, waitedSeconds: 870, pause: 60 }), "wait 30 for rollout", { watchedSeconds: 30, rollout: { polls: 10, waitedSeconds: 900, pause: 30 } }],
  ["a rollout whose time is over is not confirmed", shown(moving, { waitedSeconds: 900 }), "end rollout-timed-out", { images, substitution }],
  ["the wait adds to what other rollouts took", shown(moving, {}, { watchedSeconds: 500 }), "wait 10 for rollout", { watchedSeconds: 510, rollout: { polls: 1, waitedSeconds: 10 } }],
  ["a rollout that has not ended stays, although an earlier substitute failed", shown(moving, { waitedSeconds: 900, newRevision: OURS }, { tried: [failedSubstitute({ newRevision: revision(40) })] }), "end rollout-timed-out", { images, substitution }],
]);

test("a rollout that has not ended in its time names that time in minutes", () =>
  expect(figuresIn(shown(moving, { secondsMax: 930, waitedSeconds: 930 }))).toEqual(["16 minutes"]));

// biome-ignore format: a table is read by its columns
rules("a rollout that has ended", [
  ["ours runs",                                 shown(settled), "end succeeded", { images, substitution }],
  ["ours runs, after its time is over", shown(settled, { waitedSeconds: 900 }), "end succeeded", { images, substitution }],
  ["ECS has left the service between two revisions", shown(stuck), "end rollout-timed-out", { images, substitution, nextSteps: 1 }],
  ["ours starts and fails",                     shown(worse), "write undo", { rollback: { of: { kind: "unhealthy", because, surveyed: survey(), newRevision: OURS, images: plans, places: [] } } }],
  ["a caller who does not wait learns that it was accepted", { ...shown(moving), options: { waitForRollout: false } }, "end redeployed", { images, substitution }],
  ["a caller who does not wait does not learn so where it cannot be read what ours has replaced", { ...shown({ ...moving, replaced: FOREIGN }), options: { waitForRollout: false } }, "wait 60 for restore", { rollout: { polls: 1, waitedSeconds: 60, foreignRevision: FOREIGN } }],
  ["a caller who does not wait does not learn so where ECS answers with the past", { ...shown(moving, { foreignRevision: FOREIGN, polls: 2, waitedSeconds: 120 }), options: { waitForRollout: false } }, "wait 60 for restore", { rollout: { polls: 3, waitedSeconds: 180 } }],
  ["after three looks the end is that it is not known", { ...shown(moving, { foreignRevision: FOREIGN, polls: 3 }), options: { waitForRollout: false } }, "end rollout-timed-out", { images, substitution }],
  ["a caller who does not wait learns so once ours is shown, and what it has replaced runs the same", { ...shown({ ...moving, deployment: "ecs-svc/2" }, { foreignRevision: FOREIGN, deploymentId: "ecs-svc/2" }), options: { waitForRollout: false } }, "end redeployed", { images, substitution }],
  ["whatever is seen",                          { ...shown(worse), options: { waitForRollout: false } }, "end redeployed", { images, substitution }],
]);

// biome-ignore format: a table is read by its columns
rules("another revision is seen in place of ours", [
  ["once: it is believed when it is seen again", shown(replaced), "wait 60 for rollout", { ...watched(60, 1), rollout: { polls: 1, waitedSeconds: 60, pause: 60, wasDisplaced: true, foreignRevision: FOREIGN } }],
  ["twice: another has deployed",               shown(replaced, { wasDisplaced: true }), "end superseded", { images, substitution, revision: FOREIGN }],
  ["ECS put the former one back, once",         shown(wentBack), "wait 60 for rollout", { ...watched(60, 1), rollout: { polls: 1, waitedSeconds: 60, pause: 60, wasDisplaced: true } }],
  ["ECS put the former one back, and it is seen twice", shown(wentBack, { wasDisplaced: true }), "end rolled-back", { images, substitution }],
  ["a second look is given, though its time is over", shown(replaced, { waitedSeconds: 900 }), "wait 60 for rollout", { watchedSeconds: 60, rollout: { polls: 1, waitedSeconds: 960, pause: 60, wasDisplaced: true, foreignRevision: FOREIGN } }],
  ["ours is seen again after it: it goes on, and what was seen counts no more", shown(moving, { polls: 3, wasDisplaced: true, pause: 60, waitedSeconds: 120 }), "wait 60 for rollout", { watchedSeconds: 60, rollout: { polls: 4, waitedSeconds: 180, wasDisplaced: false } }],
  ["a service that another has deployed does not go back", shown(replaced, { wasDisplaced: true }, { tried: [failedSubstitute({ newRevision: revision(40) })] }), "end superseded", { images, substitution, revision: FOREIGN }],
]);

const [copyRepository = ""] = COPY.split(":");
const failed = (more: object = {}) => ({
  kind: "cannot-pull",
  because,
  surveyed: survey(),
  newRevision: OURS,
  images: plans,
  places: [`${copyRepository}@${MEANT}`],
  ...more,
});
const nowhere = "public.ecr.aws/another";
const kept: ImagePlan = { image: "redis:7", containers: ["cache"], failing: false, rejected: [] };

// biome-ignore format: a table is read by its columns
rules("ours cannot be pulled either", [
  ["a substitute that cannot be pulled is followed by the next candidate", shown(cannotPull(copyRepository)), "observe", { look: 2, tried: [failed()], rollout: GONE }],
  ["an image of the plan that keeps its place has no say", shown(cannotPull(copyRepository), { images: [kept, ...plans] }), "observe", { look: 2, tried: [failed({ images: [kept, ...plans] })], rollout: GONE }],
  ["the service goes back where no substitute is at fault", shown(cannotPull(nowhere)), "write undo", { tried: [failed({ places: [] })], rollback: { of: failed({ places: [] }) } }],
  ["a second candidate is tried",               shown(cannotPull(copyRepository), {}, { tried: [failedSubstitute()] }), "observe", { look: 2, tried: [failedSubstitute(), failed()], rollout: GONE }],
  ["the service goes back after three substitutes", shown(cannotPull(copyRepository), {}, { tried: [failedSubstitute(), failedSubstitute()] }), "write undo", { tried: [failedSubstitute(), failedSubstitute(), failed()], rollback: { of: failed() } }],
]);

const place = { clusterArn: CLUSTER, service: "web", newRevision: OURS };
const answer = { kind: "superseded", because, revision: FOREIGN } as const;
const displaced = (isWaitedFor = false): Pick<State, "displaced"> => ({
  displaced: { answer, place, write: "start", isWaitedFor },
});
const overwritten = (more: Partial<Overwritten> = {}): Pick<State, "overwritten"> => ({
  overwritten: {
    clusterArn: CLUSTER,
    service: "web",
    images: plans,
    substitution: made,
    revision: FOREIGN,
    knownDeploymentIds: [],
    written: [OURS],
    attempt: 1,
    mustWait: false,
    ...more,
  },
});
const after = (state: Partial<State>, more: Given = {}): Given => ({ survey: null, state, ...more });
const overtook: RolloutStatus = {
  kind: "overwrote",
  because,
  revision: FOREIGN,
  deployments: ["ecs-svc/1", "ecs-svc/2", "ecs-svc/3"],
};
const restores = {
  clusterArn: CLUSTER,
  service: "web",
  revision: FOREIGN,
  knownDeploymentIds: overtook.deployments,
  substitution,
  images: plans,
  written: [OURS],
  attempt: 1,
  mustWait: false,
};
const rollback = { rollback: { of: failedSubstitute() } };

// biome-ignore format: a table is read by its columns
rules("our write and another deployment came together", [
  ["for a caller who does not wait it is looked at again at once", { ...after(displaced()), options: { waitForRollout: false } }, "observe", { displaced: { isWaitedFor: true } }],
  ["another revision is in place of ours: the service is looked at a minute later", after(displaced()), "wait 60 for second look", { displaced: { isWaitedFor: true } }],
  ["ours has replaced a deployment that was not there before: that one is deployed again", shown(overtook), "write restore", { overwritten: restores }],
  ["what else this execution has registered is known as its own", shown(overtook, {}, { registered: [revision(40)] }), "write restore", { overwritten: { ...restores, written: [revision(40), OURS] } }],
  ["another's deployment is deployed again once more", after(overwritten({ attempt: 2 })), "write restore"],
  ["an answer of the past gives ECS a minute", after(overwritten({ mustWait: true })), "wait 60 for restore", { overwritten: { mustWait: false } }],
  ["a rollback that was not written yet is written", after(rollback), "write undo"],
]);

const unanswered: Failed = { because, transient: true, error: { code: "unfinished" } };
const failedOnce: Seen = { kind: "failed", failed: unanswered };
const backoff = (isServing: boolean) =>
  `wait ${throttleBackoffSeconds({ execution: EXECUTION, isServing }, 1)} for throttled`;
const watchesAgain = (seconds: number, pauses: number) => ({
  doing: "no-answer",
  pauses,
  watchedSeconds: seconds,
  rollout: { waitedSeconds: seconds },
});
const turnedAway = { throttled: 1, isThrottled: true };

// biome-ignore format: a table is read by its columns
rules("what went wrong is decided on first", [
  ["a rollout that could not be read is looked at again after a minute: what it has replaced is not forgotten", { ...shown(moving, { foreignRevision: FOREIGN }), seen: failedOnce }, "wait 60 for rollout", watchesAgain(60, 1)],
  ["a rollout that cannot be read is looked at again after five minutes", { ...shown(moving, {}, { pauses: 1 }), seen: failedOnce }, "wait 300 for rollout", watchesAgain(300, 2)],
  ["a rollout that cannot be read is looked at again after an hour", { ...shown(moving, {}, { pauses: 3 }), seen: failedOnce }, "wait 3600 for rollout", watchesAgain(3600, 4)],
  ["ends after the fourth pause",               { ...shown(moving, {}, { pauses: 4 }), seen: failedOnce }, "end failed", { transient: true, error: unanswered.error, substitution }],
  ["a rollout that may not be read is the end", { ...shown(moving), seen: { kind: "failed", failed: { because, transient: false } } }, "end failed", { transient: false, substitution }],
  ["a caller who does not wait learns that it could not be read", { ...shown(moving), seen: failedOnce, options: { surveysAgain: false } }, "end failed", { transient: true, error: unanswered.error, substitution }],
  ["a rollback that has ended is the end",      after({ ...rollback, substitution, ending: { kind: "rolled-back", because, restored: FORMER } }), "end rolled-back", { substitution, restored: FORMER }],
  ["a rollback that has ended is the end even where it might be asked again", after({ ...rollback, ending: { kind: "superseded", because, transient: true } }), "end superseded", { transient: true }],
  ["a rollback that was throttled waits as its service may", after({ ...rollback, ...turnedAway }), backoff(false), { isThrottled: false }],
  ["a service of which tasks run waits longer", after({ rollback: { of: failedSubstitute({ surveyed: survey({ runningCount: 1 }) }) }, ...turnedAway }), backoff(true), { isThrottled: false }],
  ["what is gone back from decides, and not what was planned since", { state: { rollback: { of: failedSubstitute({ surveyed: survey({ runningCount: 1 }) }) }, ...turnedAway } }, backoff(true), { isThrottled: false }],
  ["a rollback begins a count of its own",      { ...shown(worse), state: { ...shown(worse).state, throttled: 4 } }, "write undo", { throttled: 0, rollback: expect.anything() }],
]);

const refused: Failed = {
  because,
  transient: false,
  error: { code: "denied", permission: "ecs:UpdateService" },
};
const writesAgain = (rollbackPauses: number) => ({ doing: "no-answer", rollbackPauses, failed: GONE });
const failedEnd = { transient: true, error: unanswered.error };

// biome-ignore format: a table is read by its columns
rules("a rollback that could not be written", [
  ["a rollback is written again in a minute", after({ ...rollback, failed: unanswered }), "wait 60 for rollback", writesAgain(1)],
  ["a rollback is written again in five minutes", after({ ...rollback, failed: unanswered, rollbackPauses: 1 }), "wait 300 for rollback", writesAgain(2)],
  ["a rollback is written again in fifteen minutes", after({ ...rollback, failed: unanswered, rollbackPauses: 2 }), "wait 900 for rollback", writesAgain(3)],
  ["a rollback is written again in half an hour", after({ ...rollback, failed: unanswered, rollbackPauses: 3 }), "wait 1800 for rollback", writesAgain(4)],
  ["ends after four pauses, within the hour",   after({ ...rollback, failed: unanswered, rollbackPauses: 4 }), "end failed", failedEnd],
  ["pauses before our write do not count",      after({ ...rollback, failed: unanswered, pauses: 4 }), "wait 60 for rollback", writesAgain(1)],
  ["one that AWS refuses is not written again", after({ ...rollback, failed: refused }), "end failed", { transient: false, error: refused.error }],
  ["a caller who does not wait gets the end",   { ...after({ ...rollback, failed: unanswered }), options: { surveysAgain: false } }, "end failed", failedEnd],
  ["another's deployment that ours replaced is not lost", after({ ...overwritten(), failed: unanswered }), "wait 60 for rollback", writesAgain(1)],
  ["ends after four pauses, and another's deployment stays replaced", after({ ...overwritten(), failed: unanswered, rollbackPauses: 4 }), "end failed", failedEnd],
  ["a service that could not be looked at then is looked at again", { ...after({ ...rollback, ...displaced(true) }), seen: failedOnce }, "wait 60 for rollback", { doing: "no-answer", rollbackPauses: 1 }],
]);

// biome-ignore format: a table is read by its columns
rules("the order of these rules", [
  ["a step that failed goes before an ending that was decided", { ...shown(moving, {}, { ending: { kind: "superseded", because } }), seen: failedOnce }, "wait 60 for survey again", { doing: "no-answer", look: 2, pauses: 1, rollout: GONE, ending: GONE }],
  ["an ending that was decided goes before a throttled write", after({ ...rollback, ...turnedAway, ending: { kind: "rolled-back", because } }), "end rolled-back"],
  ["a throttled write goes before a second look", after({ ...rollback, ...turnedAway, ...displaced() }), backoff(false), { isThrottled: false }],
  ["a rollback goes before a caller who does not wait", { ...shown(settled, {}, rollback), options: { waitForRollout: false } }, "write undo"],
  ["a caller who does not wait goes before the rollout", { ...shown(settled), options: { waitForRollout: false } }, "end redeployed", { images, substitution }],
  ["a second look goes before the rollout",     shown(settled, {}, displaced()), "wait 60 for second look", { displaced: { isWaitedFor: true } }],
  ["a second look goes before what is to be deployed again", after({ ...displaced(), ...overwritten() }), "wait 60 for second look", { displaced: { isWaitedFor: true } }],
  ["what is to be deployed again goes before a rollback", after({ ...overwritten(), ...rollback }), "write restore"],
  ["a rollback goes before the rollout",        shown(settled, {}, rollback), "write undo"],
  ["a deployment that ours replaced goes before a caller who does not wait", { ...shown(overtook), options: { waitForRollout: false } }, "write restore", { overwritten: restores }],
]);
