import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { createBus } from "../../../src/aws/adapters/event-bus.ts";
import { type AwsAnswer, type AwsStub, STUB_CREDENTIALS, startAwsStub } from "../../support/aws/aws-stub.ts";

let stub: AwsStub;
let answer: AwsAnswer;
beforeEach(async () => {
  stub = await startAwsStub(() => answer);
});
afterEach(() => stub.stop());

const bus = () =>
  createBus({ region: "us-east-1", endpoint: stub.url, credentials: STUB_CREDENTIALS, attemptsMax: 1 });

test("an outcome is published under the product's source and detail-type", async () => {
  answer = { body: { FailedEntryCount: 0, Entries: [{ EventId: "1" }] } };
  await bus().publish({ outcome: "succeeded" });
  expect(stub.requests.map(({ body }) => body)).toEqual([
    {
      Entries: [
        {
          EventBusName: "default",
          Source: "repull",
          DetailType: "Image Pull Remediation",
          Detail: '{"outcome":"succeeded"}',
        },
      ],
    },
  ]);
});

describe("an entry that is refused with HTTP 200 is an error", () => {
  // biome-ignore format: a table
  const table = [
    ["ThrottlingException",                 "throttled"],
    ["AccessDeniedException",               "denied"],
    ["NotAuthorizedForSourceException",     "denied"],
    ["NotAuthorizedForDetailTypeException", "denied"],
    ["MalformedDetail",                     "invalid"],
    ["InvalidArgument",                     "invalid"],
    ["InvalidAccountIdException",           "invalid"],
    ["RedactionFailure",                    "invalid"],
    ["InternalFailure",                     "unavailable"],
  ] as const;
  for (const [ErrorCode, kind] of table) {
    test(`${ErrorCode} is ${kind}`, async () => {
      answer = { body: { FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: "words" }] } };
      await expect(bus().publish({})).rejects.toMatchObject({
        name: "AwsError",
        kind,
        action: "events:PutEvents",
      });
    });
  }
});

test("a detail that no target would take is refused before it is sent", async () => {
  answer = { body: { FailedEntryCount: 0 } };
  await expect(bus().publish({ words: "é".repeat(150_000) })).rejects.toMatchObject({ kind: "invalid" });
  expect(stub.requests).toEqual([]);
});
