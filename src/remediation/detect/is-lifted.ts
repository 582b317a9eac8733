/**
 * Whether what the operator's settings kept an attempt from doing may be done now.
 *
 * Such an attempt has tried nothing. Once the operator lets Repull write, it is not counted against the deployment: else
 * a week of observing would use up what the first day of healing needs.
 */

import type { Policy } from "../../substitution/policy/policy.ts";
import type { KillSwitch } from "../gates/kill-switch.ts";
import { AwsError } from "../ports/aws-error.ts";
import type { HeldBack } from "../ports/held-back-record.ts";

/** Whether what kept an attempt from writing does so no more. A switch that cannot be read still does. */
export async function isLifted(
  heldBackBy: HeldBack | undefined,
  { mode }: Pick<Policy, "mode">,
  killSwitch: Pick<KillSwitch, "activeReason"> | undefined,
  now: number,
): Promise<boolean> {
  if (typeof heldBackBy === "object") return now >= heldBackBy.calendarUntil;
  if (heldBackBy === "mode") return mode !== "observe";
  if (heldBackBy === undefined || killSwitch === undefined) return false;
  try {
    return (await killSwitch.activeReason()) === undefined;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return false;
  }
}
