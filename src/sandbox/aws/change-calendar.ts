/** The Change Calendars of the sandbox's account: times in which each is closed, as a world file says. */

import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { ChangeCalendar } from "../../remediation/ports/change-calendar.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { WorldFile } from "../world/world-file.ts";
import type { AwsFault } from "./faults/aws-fault.ts";

const ACTION = "ssm:GetCalendarState";

export function createChangeCalendar(
  { calendars: known = {} }: Pick<WorldFile, "calendars">,
  clock: Pick<Clock, "now">,
  faults: AwsFault,
): ChangeCalendar {
  return {
    async state(calendars) {
      faults(ACTION);
      const closed = calendars.flatMap((name) => {
        const times = known[name];
        if (times === undefined) throw new AwsError("absent", ACTION, `${ACTION}: ${name}: no such calendar`);
        return times.map(({ from, until }) => ({
          from: from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from),
          until: until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until),
        }));
      });
      let opensAt = clock.now();
      // One closed time may begin before another has ended.
      for (let last = Number.NaN; last !== opensAt; ) {
        last = opensAt;
        for (const { from, until } of closed) if (from <= opensAt && opensAt < until) opensAt = until;
      }
      if (opensAt === clock.now()) return { state: "open" };
      return Number.isFinite(opensAt) ? { state: "closed", opensAt } : { state: "closed" };
    },
  };
}
