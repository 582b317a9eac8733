/** The Change Calendar among the rules: after the approval, before the quota, and bounded by the time budget. */

import { describe, expect, it } from "vitest";
import type { ClosedCalendar } from "../../../../src/remediation/gates/change-calendar.ts";
import { next } from "../../../../src/remediation/workflow/next.ts";
import {
  contextOf,
  decided,
  type Given,
  GONE,
  HOUR_MS,
  NOW,
  OURS,
  rules,
  stateOf,
  survey,
} from "../../../support/workflow-state.ts";

const calendars = ["freeze"];
const closedFor = (hours: number): ClosedCalendar => ({ calendars, opensAt: NOW + hours * HOUR_MS });
const denied: ClosedCalendar = {
  calendars,
  unread: { code: "denied", action: "ssm:GetCalendarState", because: "not authorized" },
};
const absent: ClosedCalendar = {
  calendars,
  unread: { code: "absent", action: "ssm:GetCalendarState", because: "no such calendar" },
};
const under = (closed: ClosedCalendar, given: Given = {}): Given => ({
  ...given,
  seen: { kind: "survey", at: NOW, result: survey(given.survey ?? {}), closed },
});
const images = ["nginx:1.25"];
const until = (hours: number): string => new Date(NOW + hours * HOUR_MS).toISOString();
const ENDED = (hours: number): string => `end dry-run calendar-closed [open-calendar ${until(hours)}]`;
const WAITS = (hours: number) => ({
  doing: "change-calendar",
  timeOver: `dry-run calendar-closed [open-calendar ${until(hours)}]`,
  plan: GONE,
});

// biome-ignore format: a table is read by its columns
rules("the Change Calendar", [
  ["one that opens soon is waited for",                 under(closedFor(0.5)), "wait 1801 for change calendar", WAITS(0.5)],
  ["one that opens in some hours is looked at each hour", under(closedFor(20)), "wait 3600 for change calendar", WAITS(20)],
  ["one that opens after the time budget ends it",      under(closedFor(25)), ENDED(25), { images }],
  ["what was waited for before is part of the budget",  under(closedFor(20), { state: { time: { startedAt: NOW - 10 * HOUR_MS, now: NOW, approvalSeconds: 0 } } }), ENDED(20), { images }],
  ["one that is closed for good ends it",               under({ calendars }), "end dry-run calendar-closed [open-calendar]", { images }],
  ["a person at a terminal does not wait for it",       under(closedFor(1), { options: { interactive: true } }), ENDED(1), { images }],
  ["a caller who observes once does not wait for it",   under(closedFor(1), { options: { surveysAgain: false } }), ENDED(1), { images }],
  ["one that may not be read ends it",                  under(denied), "end dry-run calendar-closed [allow-permission]", { images }],
  ["one that does not exist ends it",                   under(absent), "end dry-run calendar-closed [name-calendar changeCalendar=]", { images }],
  ["the mode goes before it",                           under(closedFor(1), { policy: { mode: "observe" } }), "end dry-run [raise-mode mode=remediate]", { images }],
  ["a plan is approved while it is closed",             under(closedFor(1), { policy: { mode: "approve" } }), "ask about 2 changes"],
  ["the Change Calendar goes before the quota",         under(closedFor(1)), "wait 3600 for change calendar", WAITS(1)],
]);

describe("a calendar that closes between the observation and the write", () => {
  it("is waited for, and the world is surveyed again before anything is deployed", () => {
    const given: Given = { state: { newRevision: OURS } };
    const closed = closedFor(1);
    const after = next(stateOf(given), { write: "calendar-closed", closed }, contextOf(given));
    const { action, more } = decided({ survey: null, state: after, seen: { kind: "nothing" } });
    expect(action).toBe("wait 3600 for change calendar");
    expect(more).toMatchObject({ plan: GONE, newRevision: GONE });
  });
});
