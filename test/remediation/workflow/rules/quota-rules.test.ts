/**
 * The quotas of the operator as rules: what is waited for, who gets a report, and when a remediation waits no longer. Then
 * what becomes of the state once a quota was asked.
 */

import { describe, expect, test } from "vitest";
import type { MirrorRejected } from "../../../../src/remediation/mirror/mirror-result.ts";
import type { QuotaExceeded } from "../../../../src/remediation/ports/quota-exceeded.ts";
import { next } from "../../../../src/remediation/workflow/next.ts";
import type { Quota, State } from "../../../../src/remediation/workflow/state.ts";
import {
  absent,
  because,
  changesOf,
  contextOf,
  FORMER,
  type Given,
  GONE,
  HOUR_MS,
  image,
  NOW,
  OURS,
  ownCopy,
  quotaReached,
  rules,
  stateOf,
} from "../../../support/workflow-state.ts";

const images = ["nginx:1.25"];
const HOUR = quotaReached();
const DAY = quotaReached({
  quota: "bytesPerDay",
  window: "bytesPerDay 2026-01-20",
  max: 1e9,
  used: 9e8,
  amount: 2e8,
  opensAt: NOW + 14 * HOUR_MS,
});
const TOO_LARGE = quotaReached({ ...DAY, amount: 2e9 });
const AT_ELEVEN = { resumesAt: "2026-01-20T11:00:00.000Z" };
const AT_MIDNIGHT = { resumesAt: "2026-01-21T00:00:00.000Z" };

const quota = (more: Partial<Quota> = {}): Pick<State, "quota"> => ({
  quota: { granted: false, of: "writes", hasWaited: false, ...more },
});
const waiting = (of: QuotaExceeded, seconds = 1800) => ({ waiting: { held: of, seconds } });
const told = { toldOf: HOUR.window };
const TIME_OVER = "quota-exceeded [raise-quota quotas.remediationsPerHour=6, next-failure]";
const DAY_OVER = "quota-exceeded [raise-quota quotas.bytesPerDay=1100MB, next-failure]";
const GOES_ON = ["write acquire-quota", { polls: 1 }] as const;

// biome-ignore format: a table is read by its columns
rules("the quota of remediations", [
  ["is asked for before anything is written",       {}, ...GOES_ON],
  ["is granted once for all that is written",       { state: quota({ granted: true }) }, "write register"],
  ["the operator gets a report of a quota that is used up", { state: quota(waiting(HOUR)) }, "tell quota-exceeded [raise-quota quotas.remediationsPerHour=6]", { ...AT_ELEVEN, images, firstOf: { name: HOUR.window, endsAt: HOUR.opensAt }, quota: { toldOf: HOUR.window } }],
  ["a used quota that was reported to the operator is waited for", { state: quota({ ...waiting(HOUR), ...told }) }, "wait 1800 for quota", { timeOver: TIME_OVER, quota: { waiting: GONE, hasWaited: true } }],
  ["the operator gets a report of the next hour",   { state: quota({ ...waiting(HOUR), toldOf: "remediationsPerHour 2026-01-20T09" }) }, "tell quota-exceeded [raise-quota quotas.remediationsPerHour=6]", { ...AT_ELEVEN, images, firstOf: { name: HOUR.window, endsAt: HOUR.opensAt }, quota: { toldOf: HOUR.window } }],
  ["a quota of copies that was waited for does not grant a write", { state: quota({ of: "copies", copies: DAY }) }, "write acquire-quota", { polls: 1, quota: { of: "writes" } }],
  ["the share of a cluster is half of the hour",    { state: quota(waiting(quotaReached({ cluster: "prod", max: 3, used: 3 }))) }, "tell quota-exceeded [raise-quota quotas.remediationsPerHour=8]", { ...AT_ELEVEN, images, firstOf: { name: HOUR.window, endsAt: HOUR.opensAt }, quota: { toldOf: HOUR.window } }],
]);

const refused = (by?: QuotaExceeded, of = "nginx:1.25"): MirrorRejected => ({
  image: of,
  place: "a",
  because,
  ...(by === undefined ? {} : { held: by }),
});
const nowhere = image({ probedCandidates: [ownCopy(absent)] });
const lacking = (rejected: readonly MirrorRejected[], more: Partial<State> = {}): Given => ({
  survey: { images: [nowhere] },
  state: { rejected, ...more },
});
const asksFor = (copies: QuotaExceeded, more: object = {}) => ({
  polls: 1,
  quota: { of: "copies", copies, ...more },
});
const COPIES = "write acquire-quota";
const noSubstitute = expect.stringMatching(/^end no-substitute no-proof \[(?!raise-quota)/);
const without = { images, transient: false, policy: expect.anything() };
const second = { ...nowhere, image: "redis:7", failing: false };

// biome-ignore format: a table is read by its columns
rules("the quota of copied bytes", [
  ["is waited for where it alone keeps the image from its place", lacking([refused(DAY)]), COPIES, asksFor(DAY)],
  ["a place that was refused for another reason is not waited for", lacking([refused()]), noSubstitute, without],
  ["nothing waits for a quota that is too small for the image", lacking([refused(TOO_LARGE)]), expect.stringMatching(/^end no-substitute no-proof \[raise-quota quotas.bytesPerDay=2900MB, /), without],
  ["the quota is asked for again after a wait", lacking([refused(DAY)], quota({ of: "copies", copies: HOUR, hasWaited: true })), COPIES, { polls: 1, quota: { copies: DAY } }],
  ["the last of two refusals is waited for", lacking([refused(HOUR), refused(DAY), refused(TOO_LARGE)]), COPIES, asksFor(DAY)],
  ["an image that has a place by now needs no copy", { state: { rejected: [refused(DAY)] } }, ...GOES_ON],
  ["an image that the plan does not know needs no copy", lacking([refused(DAY, "another:1")]), noSubstitute, without],
  ["an image that has not failed yet would be the next to fail", { survey: { images: [image(), second] }, state: { rejected: [refused(DAY, "redis:7")] } }, COPIES, asksFor(DAY)],
  ["nothing waits while a substitute of ours is in place", lacking([refused(DAY)], { substitution: { previousRevision: FORMER, newRevision: OURS } }), noSubstitute, { ...without, substitution: { previousRevision: FORMER, newRevision: OURS } }],
  ["a place in the hour that was taken before is given up", lacking([refused(DAY)], quota({ granted: true })), COPIES, asksFor(DAY, { granted: false })],
  ["the operator gets a report that it is used up", lacking([refused(DAY)], quota({ of: "copies", copies: DAY, ...waiting(DAY) })), "tell quota-exceeded [raise-quota quotas.bytesPerDay=1100MB]", { ...AT_MIDNIGHT, images, firstOf: { name: DAY.window, endsAt: DAY.opensAt }, quota: { toldOf: DAY.window } }],
  ["a used quota of copies that was reported to the operator is waited for", lacking([refused(DAY)], quota({ of: "copies", copies: DAY, ...waiting(DAY), toldOf: DAY.window })), "wait 1800 for quota", { timeOver: DAY_OVER, quota: { waiting: GONE, hasWaited: true } }],
  ["the quota of copies is waited for before a substitute is searched for", lacking([], quota({ of: "copies", copies: DAY, ...waiting(DAY), toldOf: DAY.window })), "wait 1800 for quota", { timeOver: DAY_OVER, quota: { waiting: GONE, hasWaited: true } }],
  ["a wait for the hour is none for copies", lacking([], quota(waiting(HOUR))), noSubstitute, without],
  ["the loop guard goes before it",         { ...lacking([refused(DAY)]), survey: { images: [nowhere], recentSubstitutions: { sameRevision6h: 2, sameRevision24h: 2, otherRevisions6h: 0 } } }, "end no-substitute loop-guard [fix-by-hand repull fix web --cluster prod --yes, next-failure]"],
  ["the quota of copies goes before the mode", { ...lacking([refused(DAY)]), policy: { mode: "observe" } }, COPIES, asksFor(DAY)],
]);

type Answer = readonly [title: string, before: Given, waiting: Quota["waiting"], changes: object];

describe("an answer to a question for a quota", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly Answer[] = [
    ["a quota that is used up will be waited for", { state: quota() }, { held: HOUR, seconds: 1800 }, { quota: { waiting: { held: HOUR, seconds: 1800 } } }],
    ["the place in the hour is asked for first", {}, undefined, { quota: { granted: true } }],
    ["a place in the hour was taken",             { state: quota() }, undefined, { quota: { granted: true } }],
    ["the world is surveyed again after a wait",  { state: quota({ hasWaited: true, ...told }) }, undefined, { plan: GONE, quota: { granted: true, hasWaited: false, toldOf: GONE } }],
    ["copies may be made again: those that a quota refused are tried anew", lacking([refused(DAY), refused()], quota({ of: "copies", copies: DAY, ...told })), undefined, { plan: GONE, rejected: [refused()], quota: { toldOf: GONE } }],
    ["a place in the hour leaves alone what a quota of copies refused", { state: { ...quota(), rejected: [refused(DAY)] } }, undefined, { quota: { granted: true } }],
    ["a write that was throttled before is over", { state: { ...quota(), throttled: 3 } }, undefined, { throttled: 0, quota: { granted: true } }],
  ];
  for (const [title, given, answer, changes] of table)
    test(title, () => {
      const before = stateOf(given);
      const result = {
        write: "acquire-quota",
        ...(answer === undefined ? {} : { waiting: answer }),
      } as const;
      expect(changesOf(before, next(before, result, contextOf(given)))).toEqual(changes);
    });
});
