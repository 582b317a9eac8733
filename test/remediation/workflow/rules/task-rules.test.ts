/** A revision that no service runs: its targets are repointed one after the other, the task is run again and watched. */

import { describe, expect, test } from "vitest";
import type { RepointResult, RerunResult } from "../../../../src/remediation/deploy/rollout.ts";
import { whyNotRepointed } from "../../../../src/remediation/deploy/schedule-rollout.ts";
import { throttleBackoffSeconds } from "../../../../src/remediation/deploy/throttled-write.ts";
import type { ScheduledTarget } from "../../../../src/remediation/ports/schedules.ts";
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
  ...{ kind: "rule", bus: "default", rule: "nightly", targetId: "1" },
  taskDefinition,
});

const work = (
  wish: TaskFacts["action"],
  { targets = [], ...more }: Partial<TaskWork> & { readonly targets?: readonly ScheduledTarget[] } = {},
): { readonly task: TaskWork } => ({
  task: {
    surveyed: { ...survey(), task: { taskArn, action: wish, targets } },
    ...{
      images: imagesOf({}),
      substitution,
      target: 0,
      sentences: [],
      touched: 0,
      waitedSeconds: 0,
      ...more,
    },
  },
});
const on = (wish: TaskFacts["action"], more: Parameters<typeof work>[1] = {}, given: Given = {}): Given => ({
  survey: null,
  state: work(wish, more),
  ...given,
});
const one = { targets: [rule()] };
const moved = { ...one, target: 1, touched: 1, sentences: ["the rule nightly"] };
const ran = { taskArn };
const seen = (kind: "succeeded" | "failed" | "in-progress" = "in-progress"): Given => ({
  seen: { kind: "rollout", at: NOW, verdict: { kind, because } },
});
const passing = { images, substitution, transient: false };

// biome-ignore format: a table is read by its columns
rules("a task that no service keeps running", [
  ["is only given its revision where the policy says register", on("register"), "end redeployed", { images, substitution, nextSteps: 2 }],
  ["and is told of where it says report",       on("report"), "end redeployed", { images, substitution, nextSteps: 2 }],
  ["whatever starts it",                        on("register", one), "end redeployed", { images, substitution, nextSteps: 2 }],
  ["is run again",                              on("run"), "write start"],
  ["without its schedule being moved",          on("run", one), "write start"],
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
  ["its target is moved",                       on("move", one), "write start"],
  ["each of its targets is",                    on("move", { targets: [rule(), rule()], target: 1, touched: 1 }), "write start"],
  ["all were moved, and the run that failed is not made up for", on("move", moved), "end redeployed", { images, substitution }],
  ["none was its to move: another deployer was first", on("move", { ...moved, touched: 0 }), "end superseded", { images, substitution }],
  ["nor is it run again then",                  on("move-and-run", { ...moved, touched: 0 }), "end superseded", { images, substitution }],
  ["its targets are moved before it is run",    on("move-and-run", one), "write start"],
  ["it is run once they are",                   on("move-and-run", moved), "write start"],
  ["it could not be run, and its next start is cured", on("move-and-run", { ...moved, notRun: because }), "end redeployed", { images, substitution, nextSteps: 2 }],
  ["it is watched",                             on("move-and-run", { ...moved, ...ran }), "wait 15 for task", { task: { waitedSeconds: 15 } }],
  ["it runs",                                   on("move-and-run", { ...moved, ...ran, waitedSeconds: 15 }, seen("succeeded")), "end succeeded", passing],
]);

const failedOnce: Given = { seen: { kind: "failed", failed: { because, transient: true } } };

// biome-ignore format: a table is read by its columns
rules("what else there is beside a task", [
  ["a poll that failed is no end",              on("run", ran, failedOnce), "wait 60 for survey again", { doing: "no-answer", look: 2, pauses: 1, task: GONE }],
  ["an ending that was decided goes first",     { survey: null, state: { ...work("run"), ending: { kind: "superseded", because } } }, "end superseded"],
  ["a throttled write goes first",              { survey: null, state: { ...work("run"), isThrottled: true, throttled: 1 } }, `wait ${throttleBackoffSeconds({ execution: EXECUTION, isServing: false }, 1)} for throttled`, { isThrottled: false }],
  ["no substitute of a service is gone back from", { survey: null, state: { ...work("register"), tried: [failedSubstitute({ newRevision: FOREIGN })] } }, "end redeployed", { images, substitution, nextSteps: 2 }],
]);

test("a task that has not started in its time is named with that time in minutes", () =>
  expect(figuresIn(on("run", { ...ran, waitedSeconds: 1200 }, seen()))).toEqual(["20 minutes"]));

describe("a target that is not written", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, ScheduledTarget, touched: number | undefined])[] = [
    ["the failing revision is what a write replaces",          rule(),                              undefined],
    ["a family alone takes the newest revision by itself",     rule(FORMER.replace(":41", "")),     1],
    ["another revision is left alone",                         rule(revision(40)),                  0],
    ["the failing revision may be written without its ARN",    rule("web:41"),                      undefined],
  ];
  for (const [title, target, touched] of table)
    test(title, () => expect(whyNotRepointed(target, FORMER)?.touched).toBe(touched));
});

type After = readonly [title: string, Given, result: WriteResult, changes: object];
const repoint = (result: RepointResult): WriteResult => ({
  write: "start",
  started: { of: "target", result },
});
const run = (result: RerunResult): WriteResult => ({ write: "start", started: { of: "task", run: result } });
const sentences = [expect.any(String)];

describe("the state after a write for a task", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly After[] = [
    ["a target was moved",                           on("move", one),                              repoint("moved"),   { task: { target: 1, touched: 1, sentences } }],
    ["a target was moved by an earlier run of the step", on("move", one),                          repoint("already"), { task: { target: 1, touched: 1, sentences } }],
    ["a target is another by now",                   on("move", one),                              repoint("changed"), { task: { target: 1, sentences } }],
    ["a target that takes the newest counts as moved", on("move", { targets: [rule("web")] }),     repoint("skipped"), { task: { target: 1, touched: 1, sentences } }],
    ["a target of another revision does not",        on("move", { targets: [rule(FOREIGN)] }),     repoint("skipped"), { task: { target: 1, sentences } }],
    ["a second one is counted with the first",       on("move", { targets: [rule(), rule()], target: 1, touched: 1, sentences: ["first"] }), repoint("moved"), { task: { target: 2, touched: 2, sentences: ["first", expect.any(String)] } }],
    ["there is no target left",                      on("move", moved),                            repoint("moved"),   {}],
    ["the task was started",                         on("run"),                                    run({ kind: "started", arn: taskArn }), { task: { taskArn } }],
    ["ECS refused to start it",                      on("run"),                                    run({ kind: "refused", because }), { task: { notRun: because } }],
    ["how to start it is not known",                 on("run"),                                    run({ kind: "unknown", because }), { task: { notRun: because } }],
    ["without a task nothing is another: a target",  { survey: null },                             repoint("moved"),   {}],
    ["without a task nothing is another: a start",   { survey: null },                             run({ kind: "started", arn: taskArn }), {}],
  ];
  for (const [title, given, result, changes] of table)
    test(title, () => {
      const before = stateOf(given);
      expect(changesOf(before, next(before, result, contextOf(given)))).toEqual(changes);
    });
});

describe("what is said of a target that was written", () => {
  const said = (result: RepointResult, target: ScheduledTarget): readonly string[] => {
    const given = on("move", { targets: [target] });
    return next(stateOf(given), repoint(result), contextOf(given)).task?.sentences ?? [];
  };
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, RepointResult, ScheduledTarget, names: readonly string[]])[] = [
    ["names where it was moved from and to",         "moved",   rule(),         ["nightly", "web:41", "web:42"]],
    ["names it alone where it is another by now",    "changed", rule(),         ["nightly"]],
    ["names the other revision that it runs",        "skipped", rule(FOREIGN),  ["nightly", "web:50"]],
    ["names it alone where it takes the newest",     "skipped", rule("web"),    ["nightly"]],
  ];
  for (const [title, result, target, names] of table)
    test(title, () =>
      expect(
        said(result, target)
          .join()
          .match(/nightly|web:\d+/g),
      ).toEqual(names),
    );
});
