/**
 * Whether changes may begin, by SSM's Change Calendars.
 *
 * Of several, AWS answers OPEN only where all are open, and with the time at which that changes.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCalendarState.html (read 2026-11)
 */

import { GetCalendarStateCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { ChangeCalendar } from "../../remediation/ports/change-calendar.ts";
import { hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

const ACTION = "ssm:GetCalendarState";
/** SSM's words for a document that it does not have, or that is not a calendar: they do not end in NotFound. */
const NO_CALENDAR = ["InvalidDocument", "InvalidDocumentType", "UnsupportedCalendarException"] as const;

export function createChangeCalendar(settings: AwsSettings): ChangeCalendar {
  const client = new SSMClient(clientConfiguration(settings));
  return {
    async state(calendars) {
      const { State, NextTransitionTime } = await client
        .send(new GetCalendarStateCommand({ CalendarNames: [...calendars] }))
        .catch((error: unknown) => {
          if (NO_CALENDAR.some((code) => hasErrorCode(error, code)))
            throw new AwsError("absent", ACTION, `${ACTION}: ${calendars.join(", ")}: no such calendar`, {
              cause: error,
            });
          throw toAwsError(ACTION, error);
        });
      if (State === "OPEN") return { state: "open" };
      if (State !== "CLOSED")
        throw new AwsError("invalid", ACTION, `${ACTION}: the answer says neither OPEN nor CLOSED`);
      const opensAt = Date.parse(NextTransitionTime ?? "");
      return Number.isNaN(opensAt) ? { state: "closed" } : { state: "closed", opensAt };
    },
  };
}
