/**
 * The doctor's own event, on the account's default bus.
 *
 * Only AWS may put an event of `aws.ecs` on a bus, and only a rule may write to the queue. So the event goes inside one of
 * Repull's, and a rule of the stack unpacks it, which lets the one service `repull-doctor` pass and no other.
 */

import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import type { JsonObject } from "../../runtime/json.ts";
import { toAwsError, toAwsErrorOfCode } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

export const TEST_EVENT_SOURCE = "repull.doctor";
export const TEST_EVENT_DETAIL_TYPE = "Repull Probe";

/** Sends the document into the stack of this name. Throws AwsError. */
export async function sendTestEvent(settings: AwsSettings, stack: string, event: JsonObject): Promise<void> {
  const action = "events:PutEvents";
  const Detail = JSON.stringify({ stack, event });
  const answer = await new EventBridgeClient(clientConfiguration(settings))
    .send(
      new PutEventsCommand({
        Entries: [{ Source: TEST_EVENT_SOURCE, DetailType: TEST_EVENT_DETAIL_TYPE, Detail }],
      }),
    )
    .catch((error: unknown) => {
      throw toAwsError(action, error);
    });
  // A refused entry comes with HTTP 200.
  if ((answer.FailedEntryCount ?? 0) === 0) return;
  const { ErrorCode = "InternalFailure", ErrorMessage = "no message" } = answer.Entries?.[0] ?? {};
  throw toAwsErrorOfCode(action, ErrorCode, ErrorMessage);
}
