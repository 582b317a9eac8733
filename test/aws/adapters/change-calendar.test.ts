/** Change Calendars over HTTP, in the documents of AWS's own model: moto has no such call. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createChangeCalendar } from "../../../src/aws/adapters/change-calendar.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

let stub: AwsStub;
let answer: AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub(() => answer);
});
afterEach(() => stub.stop());

const calendar = () =>
  createChangeCalendar({
    region: "us-east-1",
    endpoint: stub.url,
    credentials: STUB_CREDENTIALS,
    attemptsMax: 1,
  });
const SHARED = "arn:aws:ssm:us-east-1:210987654321:document/freeze";

describe("the state of Change Calendars", () => {
  // biome-ignore format: a table is read by its columns
  const answers = [
    ["open",                        { State: "OPEN", AtTime: "2026-11-29T02:00:00Z", NextTransitionTime: "2026-12-20T00:00:00Z" }, { state: "open" }],
    ["closed, with its end",        { State: "CLOSED", AtTime: "2026-11-29T02:00:00Z", NextTransitionTime: "2026-11-29T08:00:00Z" }, { state: "closed", opensAt: Date.parse("2026-11-29T08:00:00Z") }],
    ["closed, without one",         { State: "CLOSED", AtTime: "2026-11-29T02:00:00Z" }, { state: "closed" }],
  ] as const;
  for (const [what, body, expected] of answers)
    it(`is read as ${what}`, async () => {
      answer = { body };
      expect(await calendar().state(["release-freeze", SHARED])).toEqual(expected);
      expect(stub.requests.map(({ action, body: sent }) => [action, sent])).toEqual([
        ["GetCalendarState", { CalendarNames: ["release-freeze", SHARED] }],
      ]);
    });

  // biome-ignore format: a table is read by its columns
  const refusals = [
    ["it may not be read",              "AccessDeniedException",        400, "denied"],
    ["there is none of that name",      "InvalidDocument",              400, "absent"],
    ["the document is not a calendar",     "InvalidDocumentType",          400, "absent"],
    ["SSM cannot read the calendar",    "UnsupportedCalendarException", 400, "absent"],
    ["there were too many requests",    "ThrottlingException",          400, "throttled"],
    ["SSM has failed",                  "InternalServerError",          500, "unavailable"],
  ] as const;
  for (const [when, code, status, kind] of refusals)
    it(`is an AwsError of the kind ${kind} when ${when}`, async () => {
      answer = { status, body: { __type: code, message: "no" } };
      await expect(calendar().state(["freeze"])).rejects.toMatchObject({
        kind,
        action: "ssm:GetCalendarState",
      });
    });

  it("is an error when the answer has none", async () => {
    answer = { body: {} };
    await expect(calendar().state(["freeze"])).rejects.toMatchObject({ kind: "invalid" });
  });
});
