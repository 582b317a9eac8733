/** The wait for Docker Hub's limit: for which images, how long, and what else a remediation does meanwhile. */

import { describe, expect, test } from "vitest";
import { formatBecause } from "../../../../src/remediation/report/ending-reason.ts";
import { withWaitTime } from "../../../../src/remediation/workflow/rules/limit-reset.ts";
import type { State } from "../../../../src/remediation/workflow/state.ts";
import type { ProbedCandidate } from "../../../../src/substitution/candidate.ts";
import type { ImageFacts } from "../../../../src/substitution/plan-types.ts";
import {
  absent,
  because,
  FORMER,
  type Given,
  GONE,
  image,
  limited,
  OURS,
  ownCopy,
  rules,
  silent,
  stateOf,
  toCopy,
} from "../../../support/workflow-state.ts";

/** Docker Hub has it, and grants no more pulls. */
const facts = image({ probedCandidates: [ownCopy(absent), toCopy(limited)] });
const images = ["nginx:1.25"];
const waited = (seconds: number, polls: number, isTold = true): Pick<State, "limitWait"> => ({
  limitWait: { seconds, polls, isTold },
});
const only = (of: readonly ImageFacts[] = [facts], state: Partial<State> = waited(0, 0)): Given => ({
  survey: { images: of },
  state,
});
const next = (seconds: number, polls: number) => ({ plan: GONE, limitWait: { seconds, polls } });
const noSubstitute = expect.stringMatching(/^end no-substitute (?:no-proof|limit-not-reset)/);
const without = { images, transient: false, policy: expect.anything() };
const LATEST = "2026-01-20T16:05:00.000Z";
const lookAgain = { doing: "no-answer", look: 2, pauses: 1, plan: GONE };
const GHCR = "ghcr.io/library/nginx:1.25";
const signIn: ProbedCandidate = {
  candidate: {
    strategy: "authenticated-pull",
    image: "docker.io/library/nginx:1.25",
    secret: "arn",
    samePublisher: false,
  },
  seen: limited,
};
const other: ImageFacts = { ...facts, image: "redis:7" };

// biome-ignore format: a table is read by its columns
rules("the wait for Docker Hub's limit", [
  ["the operator gets a report first, and until when",  only([facts], {}), expect.stringMatching(/^tell no-substitute no-proof \[/), { images, resumesAt: LATEST, policy: expect.anything(), limitWait: { isTold: true } }],
  ["the first wait is five minutes",              only(), "wait 300 for limit", next(300, 1)],
  ["the second wait is ten minutes",              only([facts], waited(300, 1)), "wait 600 for limit", next(900, 2)],
  ["the third wait is fifteen minutes",           only([facts], waited(900, 2)), "wait 900 for limit", next(1800, 3)],
  ["each further wait is fifteen minutes",        only([facts], waited(1800, 3)), "wait 900 for limit", next(2700, 4)],
  ["the last wait ends five minutes after six hours", only([facts], waited(21_400, 25)), "wait 500 for limit", next(21_900, 26)],
  ["six hours and five minutes are long enough",  only([facts], waited(21_900, 26)), noSubstitute, without],
  ["what has not been reported is not reported without a survey", { ...only([facts], {}), seen: { kind: "nothing" } }, "wait 300 for limit", next(300, 1)],
  ["what was rejected before is tried again",     only([facts], { ...waited(0, 0), rejected: [{ image: "nginx:1.25", place: "a", because }] }), "wait 300 for limit", { ...next(300, 1), rejected: [] }],
  ["a place in the hour that was taken is given up", only([facts], { ...waited(0, 0), quota: { granted: true, of: "writes", hasWaited: false } }), "wait 300 for limit", { ...next(300, 1), quota: { granted: false } }],
  ["two images that are both at Docker Hub are waited for", only([facts, other]), "wait 300 for limit", next(300, 1)],
  ["an image that is not at Docker Hub ends the wait", only([facts, { ...other, probedCandidates: [ownCopy(absent)] }]), noSubstitute, { ...without, images: ["nginx:1.25", "redis:7"] }],
  ["one that has not failed has no say",          only([facts, { ...other, failing: false, probedCandidates: [ownCopy(absent)] }]), "wait 300 for limit", next(300, 1)],
  ["one that has a place has no say",             only([facts, { ...other, probedCandidates: [ownCopy()] }]), "wait 300 for limit", next(300, 1)],
  ["another registry's limit is not waited for", only([{ ...facts, probedCandidates: [toCopy(limited, GHCR)] }], { ...waited(0, 0), look: 2, pauses: 4 }), noSubstitute, { ...without, transient: true }],
  ["Docker Hub has no such image",                only([{ ...facts, probedCandidates: [toCopy(absent)] }]), noSubstitute, without],
  ["a limit of Docker Hub at a place that is not copied from is none", only([{ ...facts, probedCandidates: [ownCopy(limited)] }], { ...waited(0, 0), look: 2, pauses: 4 }), noSubstitute, { ...without, transient: true }],
  ["nothing has failed",                          only([{ ...facts, failing: false }]), noSubstitute, without],
  ["the policy does not wait",                    { ...only(), policy: { waitForLimit: false } }, noSubstitute, without],
  ["a policy that observes does not wait",        { ...only(), policy: { mode: "observe" } }, noSubstitute, without],
  ["a tag that observes does not wait",           { ...only(), survey: { images: [facts], mode: "observe" } }, noSubstitute, without],
  ["a tag that remediates under a policy that observes does", { ...only(), survey: { images: [facts], mode: "remediate" }, policy: { mode: "observe" } }, "wait 300 for limit", next(300, 1)],
  ["a person at a terminal does not wait",        { ...only(), options: { interactive: true } }, noSubstitute, without],
  ["a task is not run hours later",               { ...only(), survey: { images: [facts], task: { taskArn: "arn", action: "run", targets: [] } } }, noSubstitute, without],
  ["nothing waits while a substitute of ours is in place", only([facts], { ...waited(0, 0), substitution: { previousRevision: FORMER, newRevision: OURS } }), noSubstitute, { ...without, substitution: { previousRevision: FORMER, newRevision: OURS } }],
]);

// biome-ignore format: a table is read by its columns
rules("a registry that may answer in a minute goes before that wait", [
  ["a registry that is silent",                   only([{ ...facts, probedCandidates: [ownCopy(silent), toCopy(limited)] }]), "wait 60 for survey again", lookAgain],
  ["a silent registry is not waited for a second time before the limit is", only([{ ...facts, probedCandidates: [ownCopy(silent), toCopy(limited)] }], { ...waited(0, 0), look: 2 }), "wait 300 for limit", next(300, 1)],
  ["another registry's limit",                    only([{ ...facts, probedCandidates: [toCopy(limited, GHCR), toCopy(limited)] }]), "wait 60 for survey again", lookAgain],
  ["Docker Hub's own limit does not end so soon", only([facts]), "wait 300 for limit", next(300, 1)],
  ["a limit of Docker Hub at a place that is pulled from does not end so soon, either", { ...only([{ ...facts, probedCandidates: [signIn, toCopy(limited)] }]) }, "wait 300 for limit", next(300, 1)],
  ["an image that has not failed has no say",     only([facts, { ...other, failing: false, probedCandidates: [ownCopy(silent)] }]), "wait 300 for limit", next(300, 1)],
  ["a registry that is silent still after the wait is asked again in a minute", only([{ ...facts, probedCandidates: [ownCopy(silent), toCopy(limited)] }], { ...waited(21_900, 26), look: 2, pauses: 1 }), "wait 300 for survey again", { ...lookAgain, look: 3, pauses: 2 }],
  ["a registry that is silent after four pauses ends it, and may pass", only([{ ...facts, probedCandidates: [ownCopy(silent), toCopy(limited)] }], { ...waited(21_900, 26), look: 2, pauses: 4 }), noSubstitute, { ...without, transient: true }],
]);

describe("the reason at the end", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, waited: readonly [seconds: number, polls: number], names: string])[] = [
    ["names how long it has waited",                [21_900, 26], "6 hours"],
    ["names nothing where it has not waited",       [0, 0],       ""],
  ];
  for (const [title, [seconds, polls], names] of table)
    test(title, () => {
      const state = stateOf(only([facts], waited(seconds, polls)));
      const told = formatBecause(withWaitTime(because, state));
      expect(/[0-9]+ hours/.exec(told)?.[0] ?? "").toBe(names);
      expect(told).toContain(because);
    });
});
