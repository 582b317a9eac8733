/**
 * When writes may happen: the owner's maintenance windows, by the clock on their wall.
 *
 * A moment is inside a window where that clock says so, and nothing is ever converted the other way round: a window in the
 * hour that autumn repeats is open twice, and one in the hour that spring leaves out is not open that night.
 */

import assert from "node:assert/strict";
import * as z from "zod";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const wallTime = z.string().regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/, "a time such as 22:30");

export const windowsSchema = z.strictObject({
  timeZone: z.string().max(60).refine(isTimeZone, "an IANA time zone such as Europe/Berlin"),
  open: z
    .array(
      z.strictObject({
        days: z
          .array(z.enum(DAYS))
          .min(1)
          .default([...DAYS]),
        from: wallTime,
        to: wallTime,
      }),
    )
    .min(1)
    .max(20),
  outside: z.enum(["wait", "report"]).default("wait"),
});

export type Windows = z.infer<typeof windowsSchema>;
type Window = Windows["open"][number];

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** No offset of a time zone changes within a quarter of an hour that begins at :00, :15, :30 or :45. */
const QUARTER_MINUTES = 15;
/** A weekly window that spring leaves out opens a week later. */
const DAYS_AHEAD_MAX = 15;

/** The first moment from `now` on at which a window is open: `now` itself inside of one. Milliseconds since the epoch. */
export function nextOpening({ timeZone, open }: Windows, now: number): number {
  const offsetAt = offsetsOf(timeZone);
  const first = Math.floor(now / MINUTE_MS);
  let offset = offsetAt(first * MINUTE_MS);
  for (let minute = first; minute < first + DAYS_AHEAD_MAX * DAY_MINUTES; minute++) {
    if (minute % QUARTER_MINUTES === 0) offset = offsetAt(minute * MINUTE_MS);
    if (open.some((window) => isInside(window, minute + offset))) return Math.max(now, minute * MINUTE_MS);
  }
  throw new assert.AssertionError({ message: `a window that does not open within ${DAYS_AHEAD_MAX} days` });
}

/** `2026-03-29 22:00 Europe/Berlin`: a moment as the owner's own clock shows it. */
export function onTheWall({ timeZone }: Pick<Windows, "timeZone">, moment: number): string {
  const wall = new Date(moment + offsetsOf(timeZone)(moment) * MINUTE_MS);
  return `${wall.toISOString().slice(0, 16).replace("T", " ")} ${timeZone}`;
}

/** The windows in a line. */
export function windowsInWords({ timeZone, open }: Windows): string {
  const each = open.map(({ days, from, to }) => {
    const when = days.length === DAYS.length ? "every day" : days.join(", ");
    return `${when} from ${from} to ${to}${minutesOf(to) > minutesOf(from) ? "" : " of the next day"}`;
  });
  return `${each.join("; ")}, ${timeZone}`;
}

/** @param wallMinutes minutes since the epoch on the wall's clock */
function isInside({ days, from, to }: Window, wallMinutes: number): boolean {
  const [begins, ends] = [minutesOf(from), minutesOf(to)];
  const minute = wallMinutes % DAY_MINUTES;
  const day = Math.floor(wallMinutes / DAY_MINUTES);
  const isDay = (number: number): boolean => days.includes(DAYS[weekday(number)] ?? "mon");
  if (begins < ends) return isDay(day) && minute >= begins && minute < ends;
  return (isDay(day) && minute >= begins) || (isDay(day - 1) && minute < ends);
}

/** The epoch began on a Thursday. */
function weekday(dayNumber: number): number {
  return (dayNumber + 3) % DAYS.length;
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** How many minutes a time zone is ahead of UTC at a moment. */
function offsetsOf(timeZone: string): (moment: number) => number {
  const wall = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  return (moment) => {
    const parts = Object.fromEntries(
      wall.formatToParts(moment).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute) / MINUTE_MS - Math.floor(moment / MINUTE_MS);
  };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
