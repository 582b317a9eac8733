/** AWS's Change Calendars, as the remediation asks them: whether changes may begin now. */

type CalendarState =
  | { readonly state: "open" }
  /** `opensAt`: when that changes, in milliseconds since the epoch; absent: no such time is known. */
  | { readonly state: "closed"; readonly opensAt?: number };

export interface ChangeCalendar {
  /** Open is what every one of them says. Throws AwsError where it cannot be known. @param calendars names or ARNs */
  state(calendars: readonly string[]): Promise<CalendarState>;
}
