/**
 * The dead-letter queue, written to directly: a message that cannot be understood goes there with its reason.
 *
 * A redrive would carry the message and no reason, after needless attempts.
 */

import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

export type DeadLetters = {
  /** Keeps a message's body as it came, with why it was rejected as the attribute `because`. Throws AwsError. */
  reject(body: string, because: string): Promise<void>;
};

/** SQS takes attributes of any length within the message's own limit; a reason is a sentence. */
const BECAUSE_LENGTH_MAX = 1000;

export function createDeadLetters(settings: AwsSettings, queueUrl: string): DeadLetters {
  const client = new SQSClient(clientConfiguration(settings));
  return {
    async reject(body, because) {
      try {
        await client.send(
          new SendMessageCommand({
            QueueUrl: queueUrl,
            MessageBody: body,
            MessageAttributes: {
              because: { DataType: "String", StringValue: because.slice(0, BECAUSE_LENGTH_MAX) },
            },
          }),
        );
      } catch (error) {
        throw toAwsError("sqs:SendMessage", error);
      }
    },
  };
}
