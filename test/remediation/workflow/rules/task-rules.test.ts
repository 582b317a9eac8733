/** A revision that no service runs: its targets are repointed one after the other, the task is run again and watched. */

import { describe, expect, test } from "vitest";
import type { RepointResult, RerunResult } from "../../../../src/remediation/deploy/rollout.ts";
import { whyNotRepointed } from "../../../../src/remediation/deploy/schedule-rollout.ts";
import { throttleBackoffSeconds } from "../../../../src/remediation/deploy/throttled-write.ts";
import type { RepointedTarget, ScheduledTarget } from "../../../../src/remediation/ports/schedules.ts";
import { formatBecause, type TaskRun } from "../../../../src/remediation/report/ending-reason.ts";
import type { TaskFacts } from "../../../../src/remediation/survey/types.ts";
import { next } from "../../../../src/remediation/workflow/next.ts";
import type { TaskWork } from "../../../../src/remediation/workflow/state.ts";
import type { WriteResult } from "../../../../src/remediation/workflow/write.ts";
import {
  because,
  changesOf,
  contextOf,
  EXECUTION,
  FOREIGN,
  FORMER,
  failedSubstitute,
  figuresIn,
  type Given,
  GONE,
  imagesOf,
  NOW,
  OURS,
  revision,
  rules,
  stateOf,
  survey,
} from "../../../support/workflow-state.ts";

const images = ["nginx:1.25"];
const substitution = { previousRevision: FORMER, newRevision: OURS };
const taskArn = "arn:aws:ecs:us-east-1:123456789012:task/prod/2a3b";
const rule = (taskDefinition = FORMER): ScheduledTarget => ({
  kind: "rule",
  bus: "default",
  rule: "nightly",
  targetId: "1",
  taskDefinition,
});

const work = (
  wish: TaskFacts["action"],
  { targets = [], ...more }: Partial<TaskWork> & { readonly targets?: readonly ScheduledTarget[] } = {},
): { readonly task: TaskWork } => ({
  task: {
    surveyed: { ...survey(), task: { taskArn, action: wish, targets } },
    images: imagesOf({}),
    substitution,
    target: 0,
    repointed: [],
    touched: 0,
    waitedSeconds: 0,
    ...more,
  },
});
const on = (wish: TaskFacts["action"], more: Parameters<typeof work>[1] = {}, given: Given = {}): Given => ({
  survey: null,
  state: work(wish, more),
  ...given,
});
const one = { targets: [rule()] };
const moved = { ...one, target: 1, touched: 1, repointed: [{ name: "nightly", code: "moved" }] } as const;
const ran = { taskArn };
const seen = (kind: "succeeded" | "failed" | "in-progress" = "in-progress"): Given => ({
  seen: { kind: "rollout", at: NOW, verdict: { kind, because } },
});
const passing = { images, substitution, transient: false };

// biome-ignore format: a table is read by its columns
rules("a task that no service keeps running", [
  ["is only given its revision where the policy says register", on("register"), "end redeployed", { images, substitution, nextSteps: 2 }],
  ["is only given its revision where the policy says report", on("report"), "end redeployed", { images, substitution, nextSteps: 2 }],
  ["whatever starts it",                        on("register", one), "end redeployed", { images, substitution, nextSteps: 2 }],
  ["is run again",                              on("run"), "write start"],
  ["a task is run again without its schedule being moved", on("run", one), "write start"],
  ["could not be run again",                    on("run", { notRun: because }), "end rollout-timed-out", { images, substitution, nextSteps: 2 }],
  ["is looked at fifteen seconds after its start", on("run", ran), "wait 15 for task", { task: { waitedSeconds: 15 } }],
  ["has not started yet",                       on("run", { ...ran, waitedSeconds: 15 }, seen()), "wait 15 for task", { task: { waitedSeconds: 30 } }],
  ["has not started in just under twenty minutes", on("run", { ...ran, waitedSeconds: 1199 }, seen()), "wait 15 for task", { task: { waitedSeconds: 1214 } }],
  ["has not started in twenty minutes",         on("run", { ...ran, waitedSeconds: 1200 }, seen()), "end rollout-timed-out", passing],
  ["runs",                                      on("run", { ...ran, waitedSeconds: 15 }, seen("succeeded")), "end succeeded", passing],
  ["runs after twenty minutes",                 on("run", { ...ran, waitedSeconds: 1200 }, seen("succeeded")), "end succeeded", passing],
  ["could not start: that does not pass",       on("run", { ...ran, waitedSeconds: 15 }, seen("failed")), "end failed", passing],
]);

// biome-ignore format: a table is read by its columns
rules("a task that a schedule starts", [
  ["the target of a schedule is moved",         on("move", one), "write start"],
  ["each of its targets is",                    on("move", { targets: [rule(), rule()], target: 1, touched: 1 }), "write start"],
  ["all were moved, and the run that failed is not made up for", on("move", moved), "end redeployed", { images, substitution }],
  ["a schedule that another deployer moved first is left alone", on("move", { ...moved, touched: 0 }), "end superseded", { images, substitution }],
  ["is not run again where another deployer was first", on("move-and-run", { ...moved, touched: 0 }), "end superseded", { images, substitution }],
  ["the targets of a schedule are moved before its task is run", on("move-and-run", one), "write start"],
  ["a task is run once its targets are moved",  on("move-and-run", moved), "write start"],
  ["a task that could not be run starts on the new revision next time", on("move-and-run", { ...moved, notRun: because }), "end redeployed", { images, substitution, nextSteps: 2 }],
  ["a task that was run again is watched",      on("move-and-run", { ...moved, ...ran }), "wait 15 for task", { task: { waitedSeconds: 15 } }],
  ["a task that was run again and runs is the good end", on("move-and-run", { ...moved, ...ran, waitedSeconds: 15 }, seen("succeeded")), "end succeeded", passing],
]);

const failedOnce: Given = { seen: { kind: "failed", failed: { because, transient: true } } };

// biome-ignore format: a table is read by its columns
rules("what else a state has in addition to a task", [
  ["does not end after a poll that failed",              on("run", ran, failedOnce), "wait 60 for survey again", { doing: "no-answer", look: 2, pauses: 1, task: GONE }],
  ["an ending that was decided goes first",     { survey: null, state: { ...work("run"), ending: { kind: "superseded", because } } }, "end superseded"],
  ["a throttled write goes first",              { survey: null, state: { ...work("run"), isThrottled: true, throttled: 1 } }, `wait ${throttleBackoffSeconds({ execution: EXECUTION, isServing: false }, 1)} for throttled`, { isThrottled: false }],
  ["no substitute of a service is gone back from", { survey: null, state: { ...work("register"), tried: [failedSubstitute({ newRevision: FOREIGN })] } }, "end redeployed", { images, substitution, nextSteps: 2 }],
]);

test("a task that has not started in its time is named with that time in minutes", () =>
  expect(figuresIn(on("run", { ...ran, waitedSeconds: 1200 }, seen()))).toEqual(["20 minutes"]));

describe("a target that is not written", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, ScheduledTarget, code: RepointedTarget["code"] | undefined])[] = [
    ["the failing revision is what a write replaces",          rule(),                              undefined],
    ["a family alone takes the newest revision by itself",     rule(FORMER.replace(":41", "")),     "unpinned"],
    ["another revision is left alone",                         rule(revision(40)),                  "other-revision"],
    ["the failing revision may be written without its ARN",    rule("web:41"),                      undefined],
  ];
  for (const [title, target, code] of table)
    test(title, () => expect(whyNotRepointed(target, FORMER)?.code).toBe(code));
});

type After = readonly [title: string, Given, result: WriteResult, changes: object];
const repoint = (result: RepointResult): WriteResult => ({
  write: "start",
  started: { of: "target", result },
});
const run = (result: RerunResult): WriteResult => ({ write: "start", started: { of: "task", run: result } });

const became = (code: RepointedTarget["code"], now = ""): readonly RepointedTarget[] => {
  const name = "the rule nightly";
  return [code === "other-revision" ? { name, code, now } : { name, code }];
};

describe("the state after a write for a task", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly After[] = [
    ["a target was moved",                           on("move", one),                              repoint("moved"),   { task: { target: 1, touched: 1, repointed: became("moved") } }],
    ["a target was moved by an earlier run of the step", on("move", one),                          repoint("already"), { task: { target: 1, touched: 1, repointed: became("moved") } }],
    ["a target is another by now",                   on("move", one),                              repoint("changed"), { task: { target: 1, repointed: became("changed") } }],
    ["a target that takes the newest counts as moved", on("move", { targets: [rule("web")] }),     repoint("skipped"), { task: { target: 1, touched: 1, repointed: became("unpinned") } }],
    ["a target of another revision does not",        on("move", { targets: [rule(FOREIGN)] }),     repoint("skipped"), { task: { target: 1, repointed: became("other-revision", FOREIGN) } }],
    ["a second one is counted with the first",       on("move", { targets: [rule(), rule()], target: 1, touched: 1, repointed: became("moved") }), repoint("moved"), { task: { target: 2, touched: 2, repointed: [...became("moved"), ...became("moved")] } }],
    ["there is no target left",                      on("move", moved),                            repoint("moved"),   {}],
    ["the task was started",                         on("run"),                                    run({ kind: "started", arn: taskArn }), { task: { taskArn } }],
    ["ECS refused to start it",                      on("run"),                                    run({ kind: "refused", because }), { task: { notRun: because } }],
    ["how to start it is not known",                 on("run"),                                    run({ kind: "unknown", because }), { task: { notRun: because } }],
    ["a target changes nothing in a state without a task", { survey: null },                             repoint("moved"),   {}],
    ["a start changes nothing in a state without a task", { survey: null },                             run({ kind: "started", arn: taskArn }), {}],
  ];
  for (const [title, given, result, changes] of table)
    test(title, () => {
      const before = stateOf(given);
      expect(changesOf(before, next(before, result, contextOf(given)))).toEqual(changes);
    });
});

describe("the sentence about a task names", () => {
  const ours = { code: "task", previousRevision: FORMER, newRevision: OURS } as const;
  const said = (targets: readonly RepointedTarget[], run: TaskRun): readonly string[] =>
    formatBecause({ ...ours, targets, run }).match(
      /nightly|web:\d+|\d+ minutes|StandaloneTasks=\w+|refused/g,
    ) ?? [];
  const nightly = { name: "nightly" } as const;
  const arn = "arn:aws:ecs:us-east-1:123456789012:task/prod/1";
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, readonly RepointedTarget[], TaskRun, names: readonly string[]])[] = [
    ["both revisions of a target that was moved",      [{ ...nightly, code: "moved" }],    { code: "left-alone" }, ["nightly", "web:41", "web:42", "web:42"]],
    ["a target that was changed meanwhile",            [{ ...nightly, code: "changed" }],  { code: "left-alone" }, ["nightly", "web:42"]],
    ["the other revision that a target runs",          [{ ...nightly, code: "other-revision", now: FOREIGN }], { code: "left-alone" }, ["nightly", "web:50", "web:42"]],
    ["a target that takes the newest revision",        [{ ...nightly, code: "unpinned" }], { code: "left-alone" }, ["nightly", "web:42"]],
    ["both revisions and the setting that only registers", [], { code: "only-registered" }, ["web:42", "web:41", "StandaloneTasks=register"]],
    ["the setting that repeats the run",               [], { code: "not-repeated" },                      ["web:42", "web:41", "StandaloneTasks=run"]],
    ["why the task could not be started",              [], { code: "not-started", because: "refused" },   ["web:42", "web:41", "refused"]],
    ["how the task ended",                             [], { code: "ended", arn, because: "was refused" }, ["web:42", "web:41", "refused"]],
    ["how long it has not started",                    [], { code: "too-slow", arn, minutes: 20 },        ["web:42", "web:41", "20 minutes"]],
  ];
  for (const [title, targets, run, names] of table)
    test(title, () => expect(said(targets, run)).toEqual(names));
});
