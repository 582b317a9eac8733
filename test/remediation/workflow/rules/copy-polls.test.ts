/** A copy that is waited for: how often it is polled, and what its start and its end mean for the plan. */

import { describe, expect, test } from "vitest";
import type { MirrorRejected } from "../../../../src/remediation/mirror/mirror-result.ts";
import type { ExecutionStatus } from "../../../../src/remediation/ports/ports.ts";
import { next, withSeen } from "../../../../src/remediation/workflow/next.ts";
import { FIRST_COPY, pauseOfPoll } from "../../../../src/remediation/workflow/rules/copy-polls.ts";
import type { Copying, State } from "../../../../src/remediation/workflow/state.ts";
import type { StartedCopy } from "../../../../src/remediation/workflow/write.ts";
import {
  because,
  COPY,
  changesOf,
  contextOf,
  type Given,
  GONE,
  image,
  NOW,
  quotaReached,
  stateOf,
  toCopy,
} from "../../../support/workflow-state.ts";

describe("the pause before a copy is polled", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly (readonly [title: string, polls: number, waited: number, all: number, seconds: number])[] = [
    ["first two seconds",                                       0,   0,     1,   2],
    ["the second pause is four seconds",                        1,   2,     2,   4],
    ["the third pause is eight seconds",                        2,   6,     3,   8],
    ["the fourth pause is sixteen seconds",                     3,   14,    4,   16],
    ["the fifth pause is thirty-two seconds",                   4,   30,    5,   32],
    ["the sixth pause is a minute",                             5,   62,    6,   60],
    ["a minute until it has taken ten",                         14,  599,   15,  60],
    ["five minutes once it has taken ten",                      14,  600,   15,  300],
    ["the last pause ends two hours after the copy's start",    40,  7_100, 41,  100],
    ["a copy is polled within a minute after many other polls", 0,   0,     100, 60],
    ["the next poll waits five minutes after many other polls", 1,   60,    100, 300],
    ["the next poll waits half an hour after very many other polls", 1,   60,    200, 1800],
    ["two hours are the bound for that, too",                   2,   6_660, 200, 540],
  ];
  for (const [title, polls, waitedSeconds, all, seconds] of table)
    test(`${title}: ${seconds} s`, () =>
      expect(pauseOfPoll({ ...FIRST_COPY, polls, waitedSeconds }, all)).toBe(seconds));
});

/** Two images to be copied, of which none has failed at another place. */
const first = image({ probedCandidates: [toCopy()] });
const second = image({
  image: "redis:7",
  failing: false,
  probedCandidates: [toCopy(undefined, "docker.io/library/redis:7")],
});
const PLACE = `mirror docker.io/library/nginx:1.25 → ${COPY}`;
const SECOND_PLACE = `mirror docker.io/library/redis:7 → ${COPY}`;

const copying = (more: Partial<Copying> = {}, state: Partial<State> = {}): Given => ({
  survey: { images: [first] },
  state: {
    copying: { ...FIRST_COPY, name: "copy-1", own: 1, polls: 3, waitedSeconds: 14, ...more },
    ...state,
  },
});
const ofTwo = (index: number, state: Partial<State> = {}): Given => ({
  ...copying({ index }, state),
  survey: { images: [first, second] },
});
const rejected = (more: Partial<MirrorRejected> = {}): MirrorRejected => ({
  image: "nginx:1.25",
  place: PLACE,
  because: expect.any(String),
  ...more,
});
/** The plan is made anew, without that place. */
const rejects = (more: Partial<MirrorRejected> = {}) => ({
  plan: GONE,
  copying: GONE,
  rejected: [rejected(more)],
  mirrored: [PLACE],
});
const brought = { plan: GONE, copying: GONE, copies: 1, brought: [PLACE], mirrored: [PLACE] };
const earlier = rejected({ because });
const nextName = (attempt: number, status: string, why?: string) => ({
  copying: { attempt, name: GONE, failure: { of: "copy", code: "ended", status, because: why } },
});

type Polled = readonly [
  title: string,
  Given,
  status: ExecutionStatus | undefined,
  changes: object,
  isInTarget?: boolean,
];

describe("the state after a copy was polled", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly Polled[] = [
    ["it runs",                                       copying(), { status: "running" }, {}],
    ["it is not shown yet",                           copying(), undefined, {}],
    ["it has run for just under two hours",           copying({ waitedSeconds: 7_199 }), { status: "running" }, {}],
    ["it has run for two hours: its place is passed over", copying({ waitedSeconds: 7_200 }), { status: "running" }, rejects({ failed: true })],
    ["it was not shown for two hours",                copying({ waitedSeconds: 7_200 }), undefined, rejects({ failed: true })],
    ["it succeeded: the world is surveyed again",     copying(), { status: "succeeded" }, brought],
    ["it succeeded after two hours",                  copying({ waitedSeconds: 7_200 }), { status: "succeeded" }, brought],
    ["it was refused",                                copying(), { status: "succeeded", refused: "no room" }, rejects({ because: "no room" })],
    ["a quota refused it",                            copying(), { status: "succeeded", refused: "no room", held: quotaReached() }, rejects({ because: "no room", held: quotaReached() })],
    ["its source's limit refused it",                 copying(), { status: "succeeded", refused: "no pulls", limited: true }, rejects({ because: "no pulls", limited: true })],
    ["how it ended is not known, and the image is there", copying(), { status: "unknown" }, brought, true],
    ["how it ended is not known, and the image is not there", copying(), { status: "unknown", because }, rejects({ failed: true }), false],
    ["how it ended is not known, nor whether the image is there", copying(), { status: "unknown" }, rejects({ failed: true })],
    ["it failed: it is started again under its next name", copying(), { status: "failed", because }, nextName(2, "failed", because)],
    ["it was stopped",                                copying(), { status: "stopped" }, nextName(2, "stopped")],
    ["it ran out of its time",                        copying(), { status: "timed-out" }, nextName(2, "timed-out")],
    ["its second execution failed",                   copying({ attempt: 2, own: 2 }), { status: "failed" }, nextName(3, "failed")],
    ["its third execution failed: its place is passed over", copying({ attempt: 3, own: 3 }), { status: "failed" }, rejects({ failed: true })],
    ["its 39th name failed",                          copying({ attempt: 39 }), { status: "failed" }, nextName(40, "failed")],
    ["its fortieth name failed: its place is passed over", copying({ attempt: 40 }), { status: "failed" }, rejects({ failed: true })],
    ["the first of two images is there: the second is next", ofTwo(0), { status: "succeeded" }, { brought: [PLACE], copying: { index: 1, own: 0, polls: 0, waitedSeconds: 0, name: GONE } }],
    ["the second of them is there",                   ofTwo(1, { brought: [PLACE] }), { status: "succeeded" }, { plan: GONE, copying: GONE, copies: 1, brought: [PLACE, SECOND_PLACE], mirrored: [PLACE, SECOND_PLACE] }],
    ["the second of them was refused",                ofTwo(1), { status: "succeeded", refused: "no room" }, { plan: GONE, copying: GONE, rejected: [rejected({ image: "redis:7", place: SECOND_PLACE, because: "no room" })], mirrored: [PLACE, SECOND_PLACE] }],
    ["a place that was passed over before stays so",  copying({}, { rejected: [earlier], mirrored: ["another"] }), { status: "succeeded", refused: "no room" }, { plan: GONE, copying: GONE, rejected: [earlier, rejected({ because: "no room" })], mirrored: ["another", PLACE] }],
    ["nothing is copied, and nothing is shown",       { survey: { images: [first] } }, undefined, {}],
    ["nothing is copied",                             { survey: { images: [first] } }, { status: "succeeded" }, {}],
  ];
  for (const [title, given, status, changes, isInTarget] of table)
    test(title, () => {
      const before = stateOf(given);
      const seen = {
        kind: "copy" as const,
        at: NOW,
        ...(status === undefined ? {} : { status }),
        ...(isInTarget === undefined ? {} : { isInTarget }),
      } as const;
      expect(changesOf(before, withSeen(before, seen, contextOf(given)))).toEqual(changes);
    });
});

type Started = readonly [title: string, Given, start: StartedCopy["start"], changes: object];
const notStarted: Given = { survey: { images: [first] } };
const begun = { ...FIRST_COPY, name: "copy-1", own: 1 };
const again = (more: Partial<Copying>): Given => ({
  ...notStarted,
  state: { copying: { ...FIRST_COPY, ...more } },
});

const { copying: _, ...copied } = brought;

describe("the state after the start of a copy", () => {
  // biome-ignore format: a table is read by its columns
  const table: readonly Started[] = [
    ["a copy that runs is waited for",                notStarted, "waiting", { copying: begun }],
    ["a copy's second execution is polled as often as the first", again({ attempt: 2, own: 1, polls: 9, waitedSeconds: 300 }), "waiting", { copying: { name: "copy-1", own: 2, polls: 0, waitedSeconds: 0 } }],
    ["a copy that was made before is not made again", notStarted, "done", copied],
    ["of two copies whose first was made before, the second is next", { survey: { images: [first, second] } }, "done", { brought: [PLACE], copying: { ...FIRST_COPY, index: 1 } }],
    ["one that was made in this attempt was lost since: the next name is tried", { ...notStarted, state: { mirrored: [PLACE] } }, "done", { copying: { ...FIRST_COPY, attempt: 2 } }],
    ["a copy that had failed before is tried under the next name", notStarted, "spent", { copying: { ...FIRST_COPY, attempt: 2 } }],
    ["a copy whose fortieth name had failed is rejected", again({ attempt: 40 }), "spent", rejects({ failed: true })],
    ["a copy that had been started three times is rejected", again({ own: 3 }), "spent", rejects({ failed: true })],
    ["a quota refuses it",                            notStarted, { held: quotaReached() }, { plan: GONE, rejected: [rejected({ held: quotaReached() })], mirrored: [PLACE] }],
    ["a write that was throttled before is over",     { ...notStarted, state: { throttled: 2 } }, "waiting", { throttled: 0, copying: begun }],
  ];
  for (const [title, given, start, changes] of table)
    test(title, () => {
      const before = stateOf(given);
      const result = { write: "start-copy", copy: { name: "copy-1", start } } as const;
      expect(changesOf(before, next(before, result, contextOf(given)))).toEqual(changes);
    });
});
