/**
 * The rules until our change is written: each row is a state and an observation, and what is done on them. The world of a
 * row is a service whose image is in ECR, but for what the row says.
 */

import { expect } from "vitest";
import { throttleBackoffSeconds } from "../../../../src/remediation/deploy/throttled-write.ts";
import { plannedChanges } from "../../../../src/remediation/gates/planned-changes.ts";
import type { RecentSubstitutions } from "../../../../src/remediation/survey/loop-guard.ts";
import type { Survey, SurveyResult, TaskFacts } from "../../../../src/remediation/survey/types.ts";
import { FIRST_COPY } from "../../../../src/remediation/workflow/rules/copy-polls.ts";
import type { Failed, Stop } from "../../../../src/remediation/workflow/state.ts";
import type { Untrusted } from "../../../../src/substitution/candidate.ts";
import type { ImageFacts } from "../../../../src/substitution/plan-types.ts";
import {
  absent,
  because,
  EXECUTION,
  FOREIGN,
  FORMER,
  failedSubstitute,
  type Given,
  GONE,
  HOUR_MS,
  image,
  imagesOf,
  NOW,
  OURS,
  ownCopy,
  quotaReached,
  rules,
  silent,
  survey,
  toCopy,
  toFill,
} from "../../../support/workflow-state.ts";

const unanswered: Failed = { because, transient: true, error: { code: "unfinished" } };
const refused: Failed = {
  because,
  transient: false,
  error: { code: "denied", permission: "ecs:UpdateService" },
  remedies: [{ code: "allow-permission", until: "it is allowed" }],
};
const failedOnce: Given["seen"] = { kind: "failed", failed: unanswered };
const images = ["nginx:1.25"];
/** What a remediation that has not waited for anything does first: it takes its place in the hour. */
const GOES_ON = ["write acquire-quota", { polls: 1 }] as const;
/** Its place is taken: what comes next is the copy, or the revision. */
const granted = { granted: true, of: "writes", hasWaited: false } as const;
const again = (pauses: number) => ({ doing: "no-answer", look: 2, pauses });
const moved = { tried: [failedSubstitute()], substitution: { previousRevision: FORMER, newRevision: OURS } };
const rolledBack = { rollback: { of: failedSubstitute(), afterwards: because } };

// biome-ignore format: a table is read by its columns
rules("a step that failed for good", [
  ["an observation that failed is made again in a minute", { survey: null, seen: failedOnce }, "wait 60 for survey again", again(1)],
  ["the second pause is five minutes", { survey: null, seen: failedOnce, state: { pauses: 1 } }, "wait 300 for survey again", again(2)],
  ["the third pause is fifteen minutes", { survey: null, seen: failedOnce, state: { pauses: 2 } }, "wait 900 for survey again", again(3)],
  ["the fourth pause is an hour", { survey: null, seen: failedOnce, state: { pauses: 3 } }, "wait 3600 for survey again", again(4)],
  ["a remediation ends after four pauses", { survey: null, seen: failedOnce, state: { pauses: 4 } }, "end failed", { transient: true, error: unanswered.error }],
  ["a caller who does not wait gets the end", { survey: null, seen: failedOnce, options: { surveysAgain: false } }, "end failed", { transient: true, error: unanswered.error }],
  ["a refusal is not asked again", { survey: null, seen: { kind: "failed", failed: refused } }, "end failed [allow-permission]", { transient: false, error: refused.error }],
  ["a write that failed is no other case", { state: { failed: unanswered } }, "wait 60 for survey again", { ...again(1), plan: GONE, failed: GONE }],
  ["the service goes back after a substitute that failed", { survey: null, seen: { kind: "failed", failed: refused }, state: moved }, "write undo", rolledBack],
  ["an answer that may come is waited for after a substitute that failed", { survey: null, seen: failedOnce, state: moved }, "wait 60 for survey again", again(1)],
  ["an observation that failed goes before a write that failed", { survey: null, seen: failedOnce, state: { failed: refused } }, "wait 60 for survey again", { ...again(1), failed: GONE }],
  ["a failed step goes before an ending that was decided", { seen: failedOnce, state: { ending: { kind: "superseded", because } } }, "wait 60 for survey again", { ...again(1), plan: GONE, ending: GONE }],
]);

// biome-ignore format: a table is read by its columns
rules("an ending that a write has decided", [
  ["is the end",                                    { state: { ending: { kind: "superseded", because } } }, "end superseded"],
  ["an answer that may be old is asked for once more", { state: { ending: { kind: "superseded", because, transient: true } } }, "wait 60 for survey again", { ...again(1), plan: GONE, ending: GONE }],
  ["an answer that may be old is asked for no more than once", { state: { pauses: 1, ending: { kind: "superseded", because, transient: true } } }, "end superseded", { transient: true }],
  ["what may be over soon is looked at once",       { state: { ending: { kind: "no-substitute", because, transient: "soon" } } }, "wait 60 for survey again", { ...again(1), plan: GONE, ending: GONE }],
  ["what may be over soon is looked at no more than once", { state: { pauses: 1, ending: { kind: "no-substitute", because, transient: "soon" } } }, "end no-substitute", { transient: "soon" }],
  ["a failure without a word of it may pass",       { state: { pauses: 3, ending: { kind: "failed", because } } }, "wait 3600 for survey again", { ...again(4), plan: GONE, ending: GONE }],
  ["one that says that it does not pass is the end", { state: { ending: { kind: "failed", because, transient: false } } }, "end failed", { transient: false }],
  ["all that was done before is part of the record", { survey: null, state: { substitution: moved.substitution, managedBy: { kind: "cloudformation", stack: "web" }, revertedSubstitute: OURS, skippedNewerRevision: FOREIGN, decision: { kind: "approved", by: "Ada" }, ending: { kind: "approval-expired", because } } }, "end approval-expired", { substitution: moved.substitution, managedBy: { kind: "cloudformation", stack: "web" }, revertedSubstitute: OURS, skippedNewerRevision: FOREIGN, decision: { kind: "approved", by: "Ada" } }],
  ["an ending that names its own change keeps it",  { state: { substitution: moved.substitution, ending: { kind: "succeeded", because, substitution: { previousRevision: FORMER, newRevision: FOREIGN } } } }, "end succeeded", { substitution: { previousRevision: FORMER, newRevision: FOREIGN } }],
  ["an ending goes before a write that was throttled", { state: { isThrottled: true, ending: { kind: "denied", because } } }, "end denied"],
  ["a service that runs whole by now stays, though its substitute had failed", { state: { ...moved, ending: { kind: "succeeded", because } } }, "end succeeded", { substitution: moved.substitution }],
  ["any other end goes back from a substitute that failed", { state: { ...moved, ending: { kind: "no-substitute", because } } }, "write undo", { ...rolledBack, ending: GONE }],
  ["an ending after two substitutes goes back from the last of them", { state: { tried: [failedSubstitute({ newRevision: FOREIGN }), ...moved.tried], substitution: moved.substitution, ending: { kind: "no-substitute", because } } }, "write undo", { ...rolledBack, ending: GONE }],
  ["a service that is on another substitute by now stays", { state: { ...moved, substitution: { previousRevision: FORMER, newRevision: FOREIGN }, ending: { kind: "no-substitute", because } } }, "end no-substitute", { substitution: { previousRevision: FORMER, newRevision: FOREIGN } }],
]);

const backoff = (isServing: boolean, attempt: number) =>
  `wait ${throttleBackoffSeconds({ execution: EXECUTION, isServing }, attempt)} for throttled`;

// biome-ignore format: a table is read by its columns
rules("a write that AWS throttled", [
  ["a service of which nothing runs waits little",   { state: { throttled: 1, isThrottled: true } }, backoff(false, 1), { isThrottled: false }],
  ["one of which a task runs waits longer",          { survey: { runningCount: 1 }, state: { throttled: 1, isThrottled: true } }, backoff(true, 1), { isThrottled: false }],
  ["each further time it waits longer",              { state: { throttled: 4, isThrottled: true } }, backoff(false, 4), { isThrottled: false }],
  ["a throttled write waits before the loop guard",  { survey: { recentSubstitutions: { sameRevision6h: 2, sameRevision24h: 2, otherRevisions6h: 0 } }, state: { throttled: 1, isThrottled: true } }, backoff(false, 1), { isThrottled: false }],
]);

const seenAs = (result: SurveyResult): Given => ({
  survey: null,
  seen: { kind: "survey", at: NOW, result },
});

// biome-ignore format: a table is read by its columns
rules("a survey that finds nothing to do", [
  ["a failure that is over ends it",              seenAs({ kind: "ignored", because }), "end ignored"],
  ["a workload that opted out is left alone",     seenAs({ kind: "not-eligible", because, reason: "opted-out", remedies: [{ code: "remove-tag" }] }), "end not-eligible opted-out [remove-tag]"],
  ["another deployment ends it",                  seenAs({ kind: "superseded", because, revision: FOREIGN }), "end superseded", { revision: FOREIGN }],
  ["another deployment in an answer that may be old is asked for again", seenAs({ kind: "superseded", because, transient: true }), "wait 60 for survey again", again(1)],
  ["what runs whole by now is the good end",      { ...seenAs({ kind: "succeeded", because }), state: moved }, "end succeeded", { substitution: moved.substitution }],
  ["a workload that opted out meanwhile is put back", { ...seenAs({ kind: "not-eligible", because, reason: "opted-out", remedies: [] }), state: moved }, "write undo", rolledBack],
  ["nothing was surveyed: it is",                 { survey: null }, "observe"],
  ["the world is surveyed after the end of a copy", { survey: null, seen: { kind: "copy", at: NOW, status: { status: "succeeded" } } }, "observe"],
]);

const tries = (more: RecentSubstitutions): Pick<Survey, "recentSubstitutions"> => ({
  recentSubstitutions: more,
});
const none = { sameRevision6h: 0, sameRevision24h: 0, otherRevisions6h: 0 };
const until = NOW + 2 * HOUR_MS;
const FIX = "fix-by-hand repull fix web --cluster prod --yes";
const GUARDED = `end no-substitute loop-guard [${FIX}, next-failure]`;

// biome-ignore format: a table is read by its columns
rules("the loop guard", [
  ["two substitutes within six hours are enough",       { survey: tries({ ...none, sameRevision6h: 2 }) }, GUARDED],
  ["one is not",                                        { survey: tries({ ...none, sameRevision6h: 1 }) }, ...GOES_ON],
  ["four within a day are enough",                      { survey: tries({ ...none, sameRevision24h: 4 }) }, GUARDED],
  ["six that later deploys replaced are enough",        { survey: tries({ ...none, otherRevisions6h: 6 }) }, GUARDED],
  ["the loop guard says when it lets another substitute be made", { survey: tries({ ...none, sameRevision6h: 2, until }) }, `end no-substitute loop-guard [${FIX}, next-failure 2026-01-20T12:00:00.000Z]`],
  ["a task has no service to be healed by hand",        { survey: { ...tries({ ...none, sameRevision6h: 2 }), task: { taskArn: "arn", action: "run", targets: [] } } }, "end no-substitute loop-guard [next-failure]"],
  ["a service that came back within the hour waits for the rest of it", { survey: tries({ ...none, sameRevision6h: 1, minutesSinceReverted: 50 }) }, "wait 600 for loop guard", { timeOver: "no-substitute loop-guard [fix-by-hand repull fix web --cluster prod --yes, next-failure]", guardPauses: 1, plan: GONE }],
  ["the loop guard waits a second time",                { survey: tries({ ...none, sameRevision6h: 1, minutesSinceReverted: 50 }), state: { guardPauses: 1 } }, "wait 600 for loop guard", { timeOver: "no-substitute loop-guard [fix-by-hand repull fix web --cluster prod --yes, next-failure]", guardPauses: 2, plan: GONE }],
  ["the loop guard does not wait a third time",         { survey: tries({ ...none, sameRevision6h: 1, minutesSinceReverted: 50 }), state: { guardPauses: 2 } }, GUARDED],
  ["a caller who does not wait gets the end",           { survey: tries({ ...none, sameRevision6h: 1, minutesSinceReverted: 50 }), options: { surveysAgain: false } }, GUARDED],
  ["an hour later it goes on",                          { survey: tries({ ...none, sameRevision6h: 1, minutesSinceReverted: 60 }) }, ...GOES_ON],
  ["a failure that is only foreseen is under no guard", { survey: tries({ ...none, sameRevision6h: 2 }), failure: { preemptive: true } }, ...GOES_ON],
  ["the loop guard goes before the mode",               { survey: tries({ ...none, sameRevision6h: 2 }), policy: { mode: "observe" } }, GUARDED],
  ["the loop guard goes before the search for a substitute", { survey: { ...tries({ ...none, sameRevision6h: 2 }), images: [image({ probedCandidates: [] })] } }, GUARDED],
]);

const task = (wish: TaskFacts["action"], more: Partial<TaskFacts> = {}): Pick<Survey, "task"> => ({
  task: { taskArn: "arn:aws:ecs:us-east-1:123456789012:task/prod/0f1e", action: wish, targets: [], ...more },
});
const nowhere = image({ probedCandidates: [ownCopy(absent)] });
const unread = (untrusted: Untrusted): ImageFacts => {
  const { trusted: _, ...facts } = image();
  return { ...facts, untrusted };
};
const unheard = image({ probedCandidates: [ownCopy(silent)] });
const lost = (number: number) =>
  Array.from({ length: number }, () => ({ image: "nginx:1.25", place: "a", because }));
const tooLarge = quotaReached({ quota: "bytesPerDay", max: 1e9, amount: 2e9, used: 0 });

// biome-ignore format: a table is read by its columns
rules("the search for a substitute", [
  ["no place holds the image: it says until when to wait", { survey: { images: [nowhere], limit: { ...survey().limit, endsBy: "2026-01-20T16:00:00Z" } } }, expect.stringMatching(/^end no-substitute no-proof \[.*wait 2026-01-20T16:00:00Z\]$/), { images, transient: false, policy: expect.anything() }],
  ["a task that no service started is not pulled again by itself", { survey: { images: [nowhere], ...task("run") } }, expect.stringMatching(/^end no-substitute no-proof \[(?!.*wait)/), { images, transient: false, policy: expect.anything() }],
  ["a task of a schedule is pulled again by its next run", { survey: { images: [nowhere], ...task("move", { schedule: "nightly" }) } }, expect.stringMatching(/^end no-substitute no-proof \[.*wait the next run pulls\]$/), { images, transient: false, policy: expect.anything() }],
  ["a registry that is silent is asked again in a minute", { survey: { images: [unheard] } }, "wait 60 for survey again", { ...again(1), plan: GONE }],
  ["one silent registry of two that failed is enough", { survey: { images: [unheard, { ...nowhere, image: "redis:7" }] } }, "wait 60 for survey again", { ...again(1), plan: GONE }],
  ["a digest that cannot be read for now, too",       { survey: { images: [unread({ code: "trust-unreadable", because, transient: true })] } }, "wait 60 for survey again", { ...again(1), plan: GONE }],
  ["a digest that cannot be read at all names its code", { survey: { images: [unread({ code: "trust-unreadable", because })] } }, expect.stringMatching(/^end no-substitute trust-unreadable/), { images, transient: false, policy: expect.anything() }],
  ["a silent registry of an image that has not failed is not waited for", { survey: { images: [nowhere, { ...unheard, image: "redis:7", failing: false }] } }, expect.stringMatching(/^end no-substitute/), { images: [...images, "redis:7"], transient: false, policy: expect.anything() }],
  ["ten places that cannot be copied from are passed over", { state: { rejected: lost(10) } }, ...GOES_ON],
  ["more of them are a failure, which may pass",      { state: { rejected: lost(11) } }, "wait 60 for survey again", { ...again(1), plan: GONE, rejected: [] }],
  ["more than ten rejected copies end it after four pauses", { state: { rejected: lost(11), pauses: 4 } }, "end failed", { images }],
  ["a quota that is too small for the image is named first", { survey: { images: [nowhere] }, state: { rejected: [{ image: "nginx:1.25", place: "a", because, held: tooLarge }] } }, expect.stringMatching(/^end no-substitute no-proof \[raise-quota quotas\.bytesPerDay=2000MB, /), { images, transient: false, policy: expect.anything() }],
]);

const deploying = { isDeploying: true };
const handOver = { manualDeployment: { service: "web", deployment: "d-1" } };

// biome-ignore format: a table is read by its columns
rules("what keeps it from writing", [
  ["a policy that observes",                    { policy: { mode: "observe" } }, "end dry-run [raise-mode mode=remediate]", { images }],
  ["a stack that observes",                     { policy: { mode: "observe" }, options: { rights: { mode: "observe" } } }, "end dry-run [raise-mode Mode=remediate]", { images }],
  ["a tag that says observe, with its remedy",  { survey: { mode: "observe", modeRemedies: [{ code: "remove-tag" }] } }, "end dry-run [remove-tag]", { images }],
  ["a person at a terminal is under the same mode", { policy: { mode: "observe" }, options: { interactive: true } }, "end dry-run [raise-mode mode=remediate]", { images }],
  ["CodeDeploy alone may deploy",               { survey: handOver }, "end not-eligible deployed-by-others [deploy-yourself]", { images, nextSteps: 3 }],
  ["the stack reports tasks that no service started", { survey: task("report") }, "end not-eligible report-only [allow-task-changes StandaloneTasks=run, wait 2026-01-20T16:00:00.000Z]", { images, nextSteps: 3 }],
  ["the stack reports tasks of a schedule",     { survey: task("report", { schedule: "nightly" }) }, "end not-eligible report-only [allow-task-changes ScheduleRoleArns=ROLE_ARN, wait 2026-01-20T16:00:00.000Z]", { images, nextSteps: 3 }],
  ["a task that may be run again goes on",      { survey: task("run") }, ...GOES_ON],
  ["the policy reports while another deployment is under way", { survey: deploying, policy: { onActiveDeployment: "report" } }, "end dry-run [act-while-deploying onActiveDeployment=act]", { images }],
  ["onActiveDeployment says nothing without a deployment under way", { policy: { onActiveDeployment: "report" } }, ...GOES_ON],
  ["the mode goes before CodeDeploy",           { survey: handOver, policy: { mode: "observe" } }, "end dry-run [raise-mode mode=remediate]", { images }],
  ["CodeDeploy goes before the deployment under way", { survey: { ...handOver, ...deploying }, policy: { onActiveDeployment: "report" } }, "end not-eligible deployed-by-others [deploy-yourself]", { images, nextSteps: 3 }],
  ["the mode goes before a deployment that shall end first", { survey: deploying, policy: { mode: "observe", onActiveDeployment: "wait" } }, "end dry-run [raise-mode mode=remediate]", { images }],
  ["a refusal goes before an approval",         { survey: handOver, policy: { mode: "approve" } }, "end not-eligible deployed-by-others [deploy-yourself]", { images, nextSteps: 3 }],
  ["the search for a substitute goes before it", { survey: { images: [nowhere] }, policy: { mode: "observe" } }, expect.stringMatching(/^end no-substitute/), { images, transient: false, policy: expect.anything() }],
]);

/** Surveyed with the kill switch set, or unreadable. */
const stoppedBy = (stopped: Stop, { survey: of, ...given }: Given = {}): Given => ({
  ...given,
  survey: null,
  seen: { kind: "survey", at: NOW, result: survey(of ?? {}), stopped },
});
const stop: Stop = { because, parameter: "/repull/writes" };
const STOPPED = "end failed [allow-writes]";
const denied = { images, transient: false, error: { code: "denied" } };

// biome-ignore format: a table is read by its columns
rules("the kill switch", [
  ["a set one ends it before anything is asked for or taken", stoppedBy(stop), STOPPED, denied],
  ["one without a parameter does, too",         stoppedBy({ because }), STOPPED, denied],
  ["the kill switch goes before a deployment that shall end first", stoppedBy(stop, { survey: deploying, policy: { onActiveDeployment: "wait" } }), STOPPED, denied],
  ["the kill switch goes before an approval",         stoppedBy(stop, { policy: { mode: "approve" } }), STOPPED, denied],
  ["the kill switch goes before a copy",        stoppedBy(stop, { survey: { images: [image({ probedCandidates: [toCopy()] })] } }), STOPPED, denied],
  ["the mode goes before it",                   stoppedBy(stop, { policy: { mode: "observe" } }), "end dry-run [raise-mode mode=remediate]", { images }],
  ["the search for a substitute goes before it", stoppedBy(stop, { survey: { images: [nowhere] } }), expect.stringMatching(/^end no-substitute/), { images, transient: false, policy: expect.anything() }],
  ["a rollback of a failed substitute is tried, and reads the kill switch again", stoppedBy(stop, { state: moved }), "write undo", { plan: expect.anything(), meant: expect.anything(), rollback: { of: failedSubstitute(), afterwards: expect.objectContaining({ code: "writes-stopped" }) } }],
]);

// biome-ignore format: a table is read by its columns
rules("another deployment that is under way", [
  ["is waited for where the policy says so",    { survey: deploying, policy: { onActiveDeployment: "wait" } }, "wait 300 for deployment", { doing: "active-deployment", timeOver: "superseded", plan: GONE, deploymentSeconds: 300 }],
  ["is replaced where the policy says so",      { survey: deploying }, ...GOES_ON],
  ["is waited for once all its tasks have run, whatever the policy says", { survey: { ...deploying, stage: "BAKE_TIME" } }, "wait 300 for deployment", { doing: "active-deployment", timeOver: "superseded", plan: GONE, deploymentSeconds: 300 }],
  ["a deployment is waited for just under three hours", { survey: deploying, policy: { onActiveDeployment: "wait" }, state: { deploymentSeconds: 10_799 } }, "wait 300 for deployment", { doing: "active-deployment", timeOver: "superseded", plan: GONE, deploymentSeconds: 11_099 }],
  ["the remediation goes on after three hours", { survey: deploying, policy: { onActiveDeployment: "wait" }, state: { deploymentSeconds: 10_800 } }, ...GOES_ON],
  ["the policy waits for nothing without a deployment under way", { policy: { onActiveDeployment: "wait" } }, ...GOES_ON],
  ["a stage of a deployment that has ended is none", { survey: { stage: "BAKE_TIME" } }, ...GOES_ON],
  ["a deployment is waited for before an approval is asked for", { survey: deploying, policy: { onActiveDeployment: "wait", mode: "approve" } }, "wait 300 for deployment", { doing: "active-deployment", timeOver: "superseded", plan: GONE, deploymentSeconds: 300 }],
]);

const CHANGES = plannedChanges(survey(), imagesOf({})).map(({ hash }) => hash);
const asks = { policy: { mode: "approve" } } as const;

// biome-ignore format: a table is read by its columns
rules("the approval", [
  ["a policy that approves asks about every change", asks, "ask about 2 changes"],
  ["a tag that approves asks, too",             { survey: { mode: "approve" } }, "ask about 2 changes"],
  ["a tag that remediates does not",            { ...asks, survey: { mode: "remediate" } }, ...GOES_ON],
  ["a person at a terminal has approved already", { ...asks, options: { interactive: true } }, ...GOES_ON],
  ["what was approved goes on",                 { ...asks, state: { approvals: { asked: 1, approved: CHANGES } } }, ...GOES_ON],
  ["a plan of which a part was approved is asked about", { ...asks, state: { approvals: { asked: 1, approved: CHANGES.slice(1) } } }, "ask about 2 changes"],
  ["a part of what was approved goes on",       { ...asks, state: { approvals: { asked: 1, approved: ["another", ...CHANGES] } } }, ...GOES_ON],
  ["an approval is asked for a fifth time",     { ...asks, state: { approvals: { asked: 4, approved: [] } } }, "ask about 2 changes"],
  ["an approval is not asked for a sixth time", { ...asks, state: { approvals: { asked: 5, approved: [] } } }, "end approval-expired", { images }],
  ["what was approved goes on after five questions, too", { ...asks, state: { approvals: { asked: 5, approved: CHANGES } } }, ...GOES_ON],
  ["an approval is asked for before a place of the quota is taken", { ...asks, state: { quota: { ...granted, granted: false } } }, "ask about 2 changes"],
]);

const toBeCopied = { images: [image({ probedCandidates: [toCopy()] })] };
const quota = granted;

// biome-ignore format: a table is read by its columns
rules("the writes in their order", [
  ["first a place in the hour is taken",        {}, ...GOES_ON],
  ["what the plan needs in ECR is copied once the quota is granted", { survey: toBeCopied, state: { quota } }, "write start-copy"],
  ["a cache that has to be filled is no other case", { survey: { images: [image({ probedCandidates: [toFill()] })] }, state: { quota } }, "write start-copy"],
  ["the revision is registered once all is in ECR", { state: { quota } }, "write register"],
  ["the service is deployed once its revision is registered", { state: { quota, newRevision: OURS } }, "write start"],
  ["a copy is not made once the revision is there", { survey: toBeCopied, state: { quota, newRevision: OURS } }, "write start"],
  ["no copy is made before there is a place in the hour", { survey: toBeCopied }, ...GOES_ON],
  ["a copy is made a second time where the first is not there any more", { survey: toBeCopied, state: { quota, copies: 1 } }, "write start-copy"],
  ["a copy that was lost twice is a failure, which may pass", { survey: toBeCopied, state: { quota, copies: 2 } }, "wait 60 for survey again", { ...again(1), plan: GONE, copies: 0 }],
  ["a copy that was lost twice ends it after four pauses", { survey: toBeCopied, state: { quota, copies: 2, pauses: 4 } }, "end failed", { images }],
  ["the copy that is waited for may be the second", { survey: toBeCopied, state: { quota, copies: 2, copying: { ...FIRST_COPY, index: 0 } } }, "write start-copy"],
  ["a copy that runs is waited for",            { survey: toBeCopied, state: { quota, copying: { ...FIRST_COPY, name: "copy-1" } } }, "wait 2 for copy", { polls: 1, copying: { polls: 1, waitedSeconds: 2 } }],
]);
