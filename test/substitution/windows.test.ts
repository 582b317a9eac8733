/** Maintenance windows: when the next one opens, whatever the clocks of the world do. */

import { describe, expect, test } from "vitest";
import { checkPolicy } from "../../src/substitution/policy-check.ts";
import { nextOpening, onTheWall, windowsInWords, windowsSchema } from "../../src/substitution/windows.ts";

const windowsOf = (text: string) => {
  const [timeZone = "", ...open] = text.split(/\s*\|\s*/);
  return windowsSchema.parse({
    timeZone,
    open: open.map((window) => {
      const [days = "", hours = ""] = window.split(" ");
      const [from = "", to = ""] = hours.split("-");
      return { ...(days === "daily" ? {} : { days: days.split(",") }), from, to };
    }),
  });
};

// 2026: Europe/Berlin and New York change their clocks on 29 March/25 October and 8 March/1 November.
// biome-ignore format: a table is read by its columns
const table = [
  ["inside it is open at once",                  "UTC | daily 09:00-17:00",                "2026-01-20T10:00:30Z", "2026-01-20T10:00:30Z"],
  ["before, it opens the same day",              "UTC | daily 22:00-23:00",                "2026-01-20T10:00:30Z", "2026-01-20T22:00:00Z"],
  ["its end is outside",                         "UTC | daily 09:00-10:00",                "2026-01-20T10:00:00Z", "2026-01-21T09:00:00Z"],
  ["its last minute is inside",                  "UTC | daily 09:00-10:00",                "2026-01-20T09:59:59Z", "2026-01-20T09:59:59Z"],
  ["midnight is crossed: before it",             "UTC | daily 22:00-04:00",                "2026-01-20T23:30:00Z", "2026-01-20T23:30:00Z"],
  ["midnight is crossed: after it",              "UTC | daily 22:00-04:00",                "2026-01-21T03:59:00Z", "2026-01-21T03:59:00Z"],
  ["the day is that of the beginning",           "UTC | tue 22:00-04:00",                  "2026-01-21T03:00:00Z", "2026-01-21T03:00:00Z"],
  ["and not that of the end",                    "UTC | wed 22:00-04:00",                  "2026-01-21T03:00:00Z", "2026-01-21T22:00:00Z"],
  ["from Sunday into Monday",                    "UTC | sun 22:00-04:00",                  "2026-01-26T01:00:00Z", "2026-01-26T01:00:00Z"],
  ["equal times are a whole day",                "UTC | tue 06:00-06:00",                  "2026-01-21T05:59:00Z", "2026-01-21T05:59:00Z"],
  ["and no more",                                "UTC | tue 06:00-06:00",                  "2026-01-21T06:00:00Z", "2026-01-27T06:00:00Z"],
  ["a week ahead",                               "UTC | tue 09:00-10:00",                  "2026-01-20T10:00:00Z", "2026-01-27T09:00:00Z"],
  ["the nearest of several",                     "UTC | fri 09:00-10:00 | thu 20:00-21:00", "2026-01-20T10:00:00Z", "2026-01-22T20:00:00Z"],
  ["by the wall's clock in winter",              "Europe/Berlin | daily 22:00-23:00",      "2026-01-20T10:00:00Z", "2026-01-20T21:00:00Z"],
  ["by the wall's clock in summer",              "Europe/Berlin | daily 22:00-23:00",      "2026-07-20T10:00:00Z", "2026-07-20T20:00:00Z"],
  ["over the night in which spring comes",       "Europe/Berlin | daily 05:00-06:00",      "2026-03-28T12:00:00Z", "2026-03-29T03:00:00Z"],
  ["over the night in which autumn comes",       "Europe/Berlin | daily 05:00-06:00",      "2026-10-24T12:00:00Z", "2026-10-25T04:00:00Z"],
  ["the hour that spring leaves out",            "Europe/Berlin | daily 02:00-03:00",      "2026-03-28T12:00:00Z", "2026-03-30T00:00:00Z"],
  ["a week later, where it is weekly",           "Europe/Berlin | sun 02:00-03:00",        "2026-03-28T12:00:00Z", "2026-04-05T00:00:00Z"],
  ["half in the hour that spring leaves out",    "Europe/Berlin | sun 02:30-04:00",        "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"],
  ["the hour that autumn repeats: the first",    "Europe/Berlin | sun 02:00-03:00",        "2026-10-24T12:00:00Z", "2026-10-25T00:00:00Z"],
  ["the hour that autumn repeats: the second",   "Europe/Berlin | sun 02:00-02:30",        "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"],
  ["New York, in the hour that spring leaves out", "America/New_York | sun 02:15-03:15",   "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"],
  ["a zone of half an hour",                     "Asia/Kolkata | daily 22:00-23:00",       "2026-01-20T10:00:00Z", "2026-01-20T16:30:00Z"],
  ["a zone of three quarters",                   "Asia/Kathmandu | daily 22:00-23:00",     "2026-01-20T10:00:00Z", "2026-01-20T16:15:00Z"],
  ["summer time of half an hour",                "Australia/Lord_Howe | daily 02:10-02:20", "2026-10-03T12:00:00Z", "2026-10-04T15:10:00Z"],
  ["the day is the zone's, not UTC's",           "Pacific/Auckland | wed 01:00-02:00",     "2026-07-20T10:00:00Z", "2026-07-21T13:00:00Z"],
  ["a leap day",                                 "UTC | tue 09:00-10:00",                  "2028-02-28T12:00:00Z", "2028-02-29T09:00:00Z"],
] as const;

describe("the next opening", () => {
  for (const [because, windows, now, opens] of table)
    test(`${because}: ${windows} at ${now}`, () =>
      expect(new Date(nextOpening(windowsOf(windows), Date.parse(now))).toISOString()).toBe(
        new Date(opens).toISOString(),
      ));

  test("is found within milliseconds, a fortnight ahead", () => {
    const windows = windowsOf("Europe/Berlin | sun 02:00-03:00");
    const before = process.cpuUsage();
    nextOpening(windows, Date.parse("2026-03-22T12:00:00Z"));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(250);
  });
});

describe("windows in words", () => {
  test("say the days, the hours, and the clock that counts", () =>
    expect(windowsInWords(windowsOf("Europe/Berlin | mon,fri 22:00-04:00 | daily 12:00-13:00"))).toBe(
      "mon, fri from 22:00 to 04:00 of the next day; every day from 12:00 to 13:00, Europe/Berlin",
    ));
  test("show a moment as the owner's clock does", () =>
    expect(onTheWall({ timeZone: "Europe/Berlin" }, Date.parse("2026-07-20T20:00:00Z"))).toBe(
      "2026-07-20 22:00 Europe/Berlin",
    ));
});

describe("a policy with windows", () => {
  // biome-ignore format: a table is read by its columns
  const wrong = [
    ["a time zone that is none", { timeZone: "Europe/Berlim", open: [{ from: "22:00", to: "04:00" }] },                 "windows.timeZone: expected an IANA time zone"],
    ["a time that is none",      { timeZone: "UTC", open: [{ from: "25:00", to: "04:00" }] },                           "windows.open.0.from: expected a time such as 22:30"],
    ["a day that is none",       { timeZone: "UTC", open: [{ days: ["monday"], from: "22:00", to: "04:00" }] },         "windows.open.0.days.0: expected one of mon, tue"],
    ["no window at all",         { timeZone: "UTC", open: [] },                                                         "windows.open: expected"],
    ["a key that nobody knows",  { timezone: "UTC", timeZone: "UTC", open: [{ from: "22:00", to: "04:00" }] },          "windows.timezone: expected a known key, perhaps timeZone"],
  ] as const;
  for (const [because, windows, complaint] of wrong)
    test(`${because} is refused by its name`, () =>
      expect(checkPolicy(JSON.stringify({ windows })).lines.join("\n")).toContain(complaint));
});
