/** Puts one event into the queue, as EventBridge would: the doctor's own way to see whether the path works. */

import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { JsonObject } from "../runtime/json.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { awsErrorOf } from "./failure.ts";

/** Sends the document. Throws AwsError. */
export async function putIntoQueue(
  settings: AwsSettings,
  queueUrl: string,
  document: JsonObject,
): Promise<void> {
  try {
    await new SQSClient(clientConfiguration(settings)).send(
      new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(document) }),
    );
  } catch (error) {
    throw awsErrorOf("sqs:SendMessage", error);
  }
}
