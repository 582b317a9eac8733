/** Publishes what became of a remediation on the default EventBridge bus, for the rules of the account. */

import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";

import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { OutcomePublisher } from "../../remediation/ports/ports.ts";
import { toAwsError, toAwsErrorOfCode } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

export const EVENT_SOURCE = "repull";
export const EVENT_DETAIL_TYPE = "Image Pull Remediation";

/** EventBridge takes a megabyte since 2026-01, but many targets (SNS, SQS of old) take no more than this. */
const DETAIL_BYTES_MAX = 240 * 1024;

/** The account's own bus: rules there take an outcome further, to other buses and accounts too. */
export function createBus(settings: AwsSettings): OutcomePublisher {
  return createEventPublisher(settings, "default", EVENT_DETAIL_TYPE);
}

/** Publishes events of one kind. @param busName name or ARN */
export function createEventPublisher(
  settings: AwsSettings,
  busName: string,
  detailType: string,
): Pick<OutcomePublisher, "publish"> {
  const client = new EventBridgeClient(clientConfiguration(settings));
  const action = "events:PutEvents";
  return {
    async publish(detail) {
      const text = JSON.stringify(detail);
      const bytes = Buffer.byteLength(text);
      if (bytes > DETAIL_BYTES_MAX) {
        throw new AwsError(
          "invalid",
          action,
          `${action}: a detail of ${bytes} bytes, ${DETAIL_BYTES_MAX} at most`,
        );
      }
      const answer = await client
        .send(
          new PutEventsCommand({
            Entries: [{ EventBusName: busName, Source: EVENT_SOURCE, DetailType: detailType, Detail: text }],
          }),
        )
        .catch((error: unknown) => {
          throw toAwsError(action, error);
        });

      // A refused entry comes with HTTP 200.
      if ((answer.FailedEntryCount ?? 0) === 0) return;
      const { ErrorCode = "InternalFailure", ErrorMessage = "no message" } = answer.Entries?.[0] ?? {};
      throw toAwsErrorOfCode(action, ErrorCode, ErrorMessage);
    },
  };
}
