/**
 * Waits until the operator's Change Calendars are open, where that is within the time budget.
 *
 * After the approval, so that a plan can be approved while they are closed; before the quota, so that no place in the hour
 * is taken by what may not write.
 */

import type { Remedy } from "../../../substitution/remedies/remedy.ts";
import type { ClosedCalendar } from "../../gates/change-calendar.ts";
import type { RemediationResult } from "../../report/report.ts";
import { planned } from "../plan.ts";
import { surveyAgain } from "../state.ts";
import { secondsLeft } from "../time-budget.ts";
import { conclude } from "./conclude.ts";
import type { Rule } from "./rule.ts";

/** A calendar that is opened ahead of its time is seen so soon. */
const WAIT_SECONDS_MAX = 3600;

export const changeCalendar: Rule = (state, _seen, context) => {
  const { plan, closed } = planned(state);
  if (closed === undefined) return undefined;
  const ending = endingOf(closed, plan.images);
  const seconds = secondsUntilOpen(closed, state.time.now);
  const mayWait = context.options.surveysAgain !== false && context.options.interactive !== true;
  if (!mayWait || seconds === undefined || seconds > secondsLeft(state))
    return conclude(state, ending, context);
  // The revision that was registered is found again, where the plan is the same by then.
  const { newRevision: _, ...kept } = state;
  return {
    kind: "wait",
    label: "change calendar",
    seconds: Math.min(seconds, WAIT_SECONDS_MAX),
    doing: "change-calendar",
    timeOver: ending,
    state: surveyAgain(kept),
  };
};

/** A second more than the rest, so that the next look is not at the very end of the closed time. */
function secondsUntilOpen({ opensAt }: ClosedCalendar, now: number | undefined): number | undefined {
  if (opensAt === undefined || now === undefined) return undefined;
  return Math.max(1, Math.ceil((opensAt - now) / 1000) + 1);
}

function endingOf(
  closed: ClosedCalendar,
  images: NonNullable<RemediationResult["images"]>,
): RemediationResult {
  const { calendars, opensAt, unread } = closed;
  const because = { code: "calendar-closed", calendars, opensAt, unread: unread?.because } as const;
  return { kind: "dry-run", reason: "calendar-closed", because, images, remedies: [remedyOf(closed)] };
}

function remedyOf({ calendars, opensAt, unread }: ClosedCalendar): Remedy {
  const params = { calendars: calendars.join(" and ") };
  if (unread === undefined)
    return {
      code: "open-calendar",
      params,
      until: `${params.calendars} ${calendars.length === 1 ? "is" : "are"} open`,
      ...(opensAt === undefined ? {} : { at: new Date(opensAt).toISOString() }),
    };
  if (unread.code === "denied")
    return {
      code: "allow-permission",
      params: { permission: unread.action },
      until: `${unread.action} on ${params.calendars} is allowed to Repull's role`,
    };
  return { code: "name-calendar", params, setting: { key: "changeCalendar", value: [] } };
}
