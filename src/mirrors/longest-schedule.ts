/**
 * How long a rule or a schedule may rest between two runs.
 *
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 366 * DAY;

const RATE = /^rate\((\d{1,9}) (minute|hour|day)s?\)$/;
const UNIT = { minute: 60_000, hour: HOUR, day: DAY } as const;

const AT = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/;
/** Days that each month has, alone or in a list. */
const EVERY_MONTHS_DAYS = /^(?:0?[1-9]|1\d|2[0-8])(?:,(?:0?[1-9]|1\d|2[0-8]))*$/;
/** Far more than any time zone is from UTC. */
const ANY_ZONE = 2 * DAY;

/** The longest of these rests in milliseconds; undefined where one is not understood. */
export function longestSchedule(expressions: readonly string[], now: number): number | undefined {
  const rests = expressions.map((expression) => restOf(expression.trim(), now));
  return rests.every((rest) => rest !== undefined) ? Math.max(0, ...rests) : undefined;
}

function restOf(expression: string, now: number): number | undefined {
  const [, once] = AT.exec(expression) ?? [];
  if (once !== undefined) {
    // One that is yet to come may need a copy of any age.
    return Date.parse(`${once}Z`) + ANY_ZONE < now ? 0 : undefined;
  }
  const [, amount, unit] = RATE.exec(expression) ?? [];
  if (amount !== undefined) return Number(amount) * UNIT[unit as keyof typeof UNIT];
  if (!expression.startsWith("cron(") || !expression.endsWith(")")) return undefined;
  const fields = expression.slice("cron(".length, -1).trim().split(/\s+/);
  const [, , dayOfMonth = "", month = "", dayOfWeek = "", year = ""] = fields;
  if (fields.length !== 6 || !isEvery(year)) return undefined;
  if (!isEvery(month)) {
    // The 29th of February, the fifth Monday of January and a weekday near the 31st are left out of some years.
    if (!(isEvery(dayOfMonth) || EVERY_MONTHS_DAYS.test(dayOfMonth)) || dayOfWeek.includes("#5"))
      return undefined;
    // The first Monday of January may be a week later in its year than in the one before.
    return YEAR + 7 * DAY;
  }
  // The fifth Monday of a month, or its 31st, is left out of some months.
  if (!isEvery(dayOfMonth)) return 62 * DAY;
  if (!isEvery(dayOfWeek)) return /[#L]/.test(dayOfWeek) ? 124 * DAY : 7 * DAY;
  return DAY;
}

function isEvery(field: string): boolean {
  return field === "*" || field === "?" || field === "*/1";
}
