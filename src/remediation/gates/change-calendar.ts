/**
 * The operator's Change Calendars: a change begins only while all of them are open.
 *
 * Maintenance windows and release freezes are kept in AWS's own documents, for every tool; Repull has none of its own. What
 * cannot be read is closed. They say when a change begins: a rollback is the end of one, and waits for none.
 */

import { optional } from "../../ecs/json-fields.ts";
import { AwsError, isTransient } from "../ports/aws-error.ts";
import type { ChangeCalendar } from "../ports/change-calendar.ts";

/** What the rules get about calendars that are not open. */
export type ClosedCalendar = {
  readonly calendars: readonly string[];
  /** In milliseconds since the epoch. */
  readonly opensAt?: number;
  /** They could not be read, and why; what cannot be read counts as closed. */
  readonly unread?: { readonly code: AwsError["kind"]; readonly action: string; readonly because: string };
};

/** Undefined where a change may begin. Throws AwsError where AWS may answer in a moment. */
export async function closedCalendar(
  calendars: readonly string[],
  changeCalendar: ChangeCalendar,
): Promise<ClosedCalendar | undefined> {
  if (calendars.length === 0) return undefined;
  try {
    const answer = await changeCalendar.state(calendars);
    if (answer.state === "open") return undefined;
    return { calendars, ...optional("opensAt", answer.opensAt) };
  } catch (error) {
    if (!(error instanceof AwsError) || isTransient(error)) throw error;
    return { calendars, unread: { code: error.kind, action: error.action, because: error.message } };
  }
}
