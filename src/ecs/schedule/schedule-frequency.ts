/**
 * How often a rule or a schedule may start its tasks within some hours, read from its expression.
 *
 *     within 6 hours: rate(5 minutes) = 72   cron(0/15 8-18 ? * MON-FRI *) = 24   cron(30 2 * * ? *) = 1   at(…) = 1
 *
 * Only minutes and hours decide: the busiest hours of the week are those that count.
 */

const MINUTES = 60;
const HOURS = 24;

/** Firings in the busiest of so many hours; undefined where no clock decides, or the expression cannot be read. */
export function runsIn(hours: number, expression: string | undefined): number | undefined {
  const [, kind, text = ""] = /^(rate|cron|at)\((.*)\)$/.exec(expression?.trim() ?? "") ?? [];
  if (kind === "at") return 1;
  if (kind === "rate") return runsOfRate(hours, text.trim());
  return kind === "cron" ? runsOfCron(hours, text.trim()) : undefined;
}

function runsOfRate(hours: number, text: string): number | undefined {
  const [, count, unit] = /^([0-9]+) (minute|hour|day)s?$/.exec(text) ?? [];
  if (count === undefined || Number(count) === 0) return undefined;
  const every = Number(count) * (unit === "minute" ? 1 : unit === "hour" ? MINUTES : MINUTES * HOURS);
  return Math.max(1, Math.floor((hours * MINUTES) / every));
}

function runsOfCron(hours: number, text: string): number | undefined {
  const [minutes, ofDay = "*"] = text.split(/\s+/);
  const inHour = valuesOf(minutes ?? "", MINUTES);
  const inDay = valuesOf(ofDay, HOURS);
  if (inHour.size === 0 || inDay.size === 0) return undefined;
  const busiest = Math.max(
    ...[...inDay].map((first) => [...inDay].filter((hour) => (hour - first + HOURS) % HOURS < hours).length),
  );
  return inHour.size * busiest;
}

/** `5`, `5-10`, `*`, lists of them, and each with a step: the values that a field names; none where it makes no sense. */
function valuesOf(field: string, size: number): ReadonlySet<number> {
  return new Set(field.split(",").flatMap((part) => valuesOfPart(part, size)));
}

function valuesOfPart(part: string, size: number): readonly number[] {
  const [, range = "", from, to, step] =
    /^((?:\*|\?|([0-9]{1,2})(?:-([0-9]{1,2}))?))(?:\/([0-9]{1,2}))?$/.exec(part) ?? [];
  if (range === "") return [];
  const first = Number(from ?? 0);
  const last = from === undefined || (to === undefined && step !== undefined) ? size - 1 : Number(to ?? from);
  const by = Math.max(1, Number(step ?? 1));
  if (last >= size) return [];
  return Array.from(
    { length: Math.max(0, Math.floor((last - first) / by) + 1) },
    (_, index) => first + index * by,
  );
}
