/**
 * How often a rule or a schedule may start its tasks within one hour, read from its expression.
 *
 *     rate(5 minutes) = 12      cron(0/15 8-18 ? * MON-FRI *) = 4      cron(30 2 * * ? *) = 1      at(…) = 1
 *
 * Only the minutes decide: the busiest hour of the week is the one that counts.
 */

const MINUTES = 60;

/** Firings in the busiest hour; undefined where no clock decides, or the expression cannot be read. */
export function firingsPerHour(expression: string | undefined): number | undefined {
  const [, kind, text = ""] = /^(rate|cron|at)\((.*)\)$/.exec(expression?.trim() ?? "") ?? [];
  if (kind === "at") return 1;
  if (kind === "rate") {
    const [, count, unit] = /^([0-9]+) (minute|hour|day)s?$/.exec(text.trim()) ?? [];
    if (count === undefined || Number(count) === 0) return undefined;
    return unit === "minute" ? Math.max(1, Math.floor(MINUTES / Number(count))) : 1;
  }
  if (kind === "cron") {
    const minutes = new Set((text.trim().split(/\s+/)[0] ?? "").split(",").flatMap(minutesOf));
    return minutes.size === 0 ? undefined : minutes.size;
  }
  return undefined;
}

/** `5`, `5-10`, `*`, and each with a step: the minutes that it names; none where it makes no sense. */
function minutesOf(part: string): readonly number[] {
  const [, range = "", from, to, step] =
    /^((?:\*|\?|([0-9]{1,2})(?:-([0-9]{1,2}))?))(?:\/([0-9]{1,2}))?$/.exec(part) ?? [];
  if (range === "") return [];
  const first = Number(from ?? 0);
  const last =
    from === undefined || (to === undefined && step !== undefined) ? MINUTES - 1 : Number(to ?? from);
  const by = Math.max(1, Number(step ?? 1));
  if (last >= MINUTES) return [];
  return Array.from(
    { length: Math.max(0, Math.floor((last - first) / by) + 1) },
    (_, index) => first + index * by,
  );
}
