/** The time budget as a rule: what counts for it, what it cuts short, and how a remediation ends whose time is over. */

import { describe, expect, test } from "vitest";
import type { RemediationResult } from "../../../../src/remediation/report/report.ts";
import { withSeen } from "../../../../src/remediation/workflow/next.ts";
import type { Seen } from "../../../../src/remediation/workflow/seen.ts";
import type { State, TimeSpent } from "../../../../src/remediation/workflow/state.ts";
import {
  EXECUTION_HOURS_MAX,
  questionSeconds,
  secondsLeft,
  TIME_BUDGET_HOURS,
} from "../../../../src/remediation/workflow/time-budget.ts";
import {
  absent,
  because,
  contextOf,
  decided,
  FORMER,
  failedSubstitute,
  type Given,
  GONE,
  HOUR_MS,
  image,
  limited,
  NOW,
  OURS,
  ownCopy,
  quotaReached,
  rules,
  stateOf,
  survey,
  toCopy,
} from "../../../support/workflow-state.ts";

const images = ["nginx:1.25"];
/** The first observation was so many hours ago. */
const since = (hours: number, more: Partial<TimeSpent> = {}): Pick<State, "time"> => ({
  time: { startedAt: NOW - hours * HOUR_MS, now: NOW, approvalSeconds: 0, ...more },
});
const OVER = since(24);
const GOES_ON = ["write acquire-quota", { polls: 1 }] as const;
const TIME_OVER = "end no-substitute time-over [next-failure]";
const superseded: RemediationResult = { kind: "superseded", because };
const substitution = { previousRevision: FORMER, newRevision: OURS };
const moved = { tried: [failedSubstitute()], substitution };
const backoff = { throttled: 1, isThrottled: true };
const deploying: Given = { survey: { isDeploying: true }, policy: { onActiveDeployment: "wait" } };
const copying = { index: 0, attempt: 1, own: 1, name: "copy-1", polls: 9, waitedSeconds: 500 };
const copied = { survey: { images: [image({ probedCandidates: [toCopy()] })] } };
const granted = { quota: { granted: true, of: "writes", hasWaited: false } } as const;

// biome-ignore format: a table is read by its columns
rules("the time before our write", [
  ["just under a day goes on",                  { state: since(23.999) }, ...GOES_ON],
  ["a day is the end",                          { state: OVER }, TIME_OVER, { images }],
  ["no images are named before a plan was made", { survey: null, state: OVER, seen: { kind: "nothing" } }, TIME_OVER],
  ["nothing is registered after it",            { state: { ...OVER, ...granted } }, TIME_OVER, { images }],
  ["a revision that was registered before is not deployed after it", { state: { ...OVER, ...granted, newRevision: OURS } }, TIME_OVER, { images, unused: OURS }],
  ["a throttled write is not waited for after it", { state: { ...OVER, ...backoff } }, TIME_OVER, { images }],
  ["what was waited for last names the end",    { state: { ...OVER, timeOver: superseded } }, "end superseded"],
  ["an ending that was decided goes before it", { state: { ...OVER, ending: { kind: "denied", because } } }, "end denied"],
  ["a step that failed goes before it, and is not looked at again for long", { state: { ...OVER, failed: { because, transient: true } } }, "wait 1 for survey again", expect.anything()],
  ["a service on a substitute that failed goes back", { state: { ...OVER, ...moved } }, "write undo", { rollback: { of: failedSubstitute(), afterwards: expect.objectContaining({ code: "time-over" }) } }],
  ["questions to the operator do not count",    { state: since(90, { approvalSeconds: 70 * 3600 }) }, ...GOES_ON],
  ["rollouts that were watched do not count",   { state: { ...since(40), watchedSeconds: 17 * 3600 } }, ...GOES_ON],
]);

const over = (ending: string, more: object = {}) => ({ timeOver: ending, ...more });

// biome-ignore format: a table is read by its columns
rules("a wait before our write names the end that its time would make", [
  ["a wait for a quota",         { state: { quota: { granted: false, of: "writes", hasWaited: false, waiting: { held: quotaReached(), seconds: 1800 }, toldOf: quotaReached().window } } }, "wait 1800 for quota", over("quota-exceeded [raise-quota quotas.remediationsPerHour=6, next-failure]", { quota: { waiting: GONE, hasWaited: true } })],
  ["a wait for another deployment", deploying, "wait 300 for deployment", over("superseded", { doing: "active-deployment", plan: GONE, deploymentSeconds: 300 })],
  ["a wait for the loop guard",  { survey: { recentSubstitutions: { sameRevision6h: 1, sameRevision24h: 1, otherRevisions6h: 0, minutesSinceReverted: 50 } } }, "wait 600 for loop guard", over("no-substitute loop-guard [fix-by-hand repull fix web --cluster prod --yes, next-failure]", { guardPauses: 1, plan: GONE })],
  ["a wait for a copy, without an end of its own", { ...copied, state: { ...granted, copying } }, "wait 60 for copy", { polls: 1, copying: { polls: 10, waitedSeconds: 560 } }],
  ["a wait is no longer than the half of a minute that is left", { ...deploying, state: since(23.995) }, "wait 18 for deployment", over("superseded", { doing: "active-deployment", plan: GONE, deploymentSeconds: 300 })],
  ["a limit's wait ends with it, too", { survey: { images: [image({ probedCandidates: [ownCopy(absent), toCopy(limited)] })] }, state: { ...since(23.99), limitWait: { seconds: 0, polls: 0, isTold: true } } }, "wait 36 for limit", { plan: GONE, limitWait: { seconds: 300, polls: 1 } }],
]);

test("a wait that names no end of its own forgets that of the wait before it", () => {
  const given: Given = { ...copied, state: { ...granted, copying, timeOver: superseded } };
  expect(decided({ ...given, state: { ...given.state, ...OVER } }).action).toBe("end superseded");
  expect(decided(given).more).toMatchObject({ copying: { polls: 10 } });
});

const survived = (at: number): Seen => ({ kind: "survey", at, result: survey() });

describe("the time that is left", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, Partial<TimeSpent>, hours: number])[] = [
    ["is the whole day before anything was observed",  {},                                          24],
    ["begins with the first observation",              { startedAt: NOW, now: NOW },                24],
    ["is less by what has passed",                     { startedAt: NOW - 5 * HOUR_MS, now: NOW },  19],
    ["is no less for a question of two hours",         { startedAt: NOW - 5 * HOUR_MS, now: NOW, approvalSeconds: 7200 }, 21],
  ];
  for (const [title, time, hours] of table)
    test(title, () =>
      expect(secondsLeft({ time: { approvalSeconds: 0, ...time }, watchedSeconds: 0 })).toBe(hours * 3600),
    );
});

test("a question counts from when it was asked until the world is observed again", () => {
  const asked = stateOf({ state: since(1, { askedAt: NOW }) });
  const { time } = withSeen(asked, survived(NOW + 3 * HOUR_MS), contextOf({}));
  expect(time).toEqual({
    startedAt: NOW - HOUR_MS,
    now: NOW + 3 * HOUR_MS,
    approvalSeconds: 3 * 3600,
  });
});

describe("how long a question is open", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, approvalHours: number, asked: number, open: number])[] = [
    ["a question is open as long as the policy says", 12, 0,  12],
    ["each question is open as long",              12, 36, 12],
    ["all questions together are open for three days", 48, 48, 24],
    ["a question is not open at all once the budget is used up", 72, 72, 0],
  ];
  for (const [title, approvalHours, asked, open] of table)
    test(title, () =>
      expect(questionSeconds({ time: { approvalSeconds: asked * 3600 } }, approvalHours)).toBe(open * 3600),
    );
});

test("three days of questions are the last of them, though the operator was asked only twice", () => {
  const state = { approvals: { asked: 2, approved: [] }, ...since(80, { approvalSeconds: 72 * 3600 }) };
  expect(decided({ policy: { mode: "approve" }, state }).action).toBe("end approval-expired");
});

test("an execution has time for its questions, its budget, its rollouts and a rollback", () => {
  expect(EXECUTION_HOURS_MAX).toBe(72 + TIME_BUDGET_HOURS + 20);
});
