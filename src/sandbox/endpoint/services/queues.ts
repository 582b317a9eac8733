/** SQS: the queues of an installed stack, and the messages that could not be read. What EventBridge delivers is handled at once. */

import { createHash } from "node:crypto";
import { getNumber, getObject, getString, optional } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import { awsRefusal } from "../../aws/faults/aws-error.ts";
import type { Account, Operations, SentMessage } from "../call.ts";
import { queueArn, queuesOf, queueUrl } from "../stack-parts.ts";

const FIVE_TIMES = 5;

export const sqs: Operations = {
  GetQueueUrl: (input, account) => ({
    QueueUrl: queueUrl(
      queueNamed(getString(input, "QueueName"), "sqs:GetQueueUrl", account).name,
      account.world.home,
    ),
  }),

  GetQueueAttributes(input, account) {
    const url = getString(input, "QueueUrl") ?? "";
    const { name, deadLetters } = queueNamed(url.split("/").at(-1), "sqs:GetQueueAttributes", account);
    const { home } = account.world;
    return {
      Attributes: {
        QueueArn: queueArn(name, home),
        ApproximateNumberOfMessages: String(messagesIn(url, account).length),
        ApproximateNumberOfMessagesNotVisible: "0",
        ...optional(
          "RedrivePolicy",
          deadLetters &&
            JSON.stringify({
              deadLetterTargetArn: queueArn(deadLetters, home),
              maxReceiveCount: FIVE_TIMES,
            }),
        ),
      },
    };
  },

  ReceiveMessage(input, account) {
    const messages = messagesIn(getString(input, "QueueUrl") ?? "", account);
    const received = messages.slice(0, getNumber(input, "MaxNumberOfMessages") ?? 1);
    return received.length === 0 ? {} : { Messages: received.map(described) };
  },

  SendMessage(input, { messages, world }) {
    const body = getString(input, "MessageBody") ?? "";
    const because = getString(
      getObject(getObject(input, "MessageAttributes") ?? {}, "because") ?? {},
      "StringValue",
    );
    messages.push({
      queueUrl: getString(input, "QueueUrl") ?? "",
      body,
      sentAt: world.clock.now(),
      ...optional("because", because),
    });
    return { MessageId: String(messages.length), MD5OfMessageBody: md5(body) };
  },
};

function queueNamed(name: string | undefined, action: string, { stack }: Account) {
  const found = queuesOf(stack).find((queue) => queue.name === name);
  if (found !== undefined) return found;
  const words = "The specified queue does not exist.";
  throw awsRefusal("absent", action, "QueueDoesNotExist", words);
}

function messagesIn(url: string, { messages }: Account): readonly SentMessage[] {
  return messages.filter(({ queueUrl: own }) => own === url);
}

function described({ body, because, sentAt }: SentMessage, index: number): JsonObject {
  return {
    MessageId: String(index),
    ReceiptHandle: String(index),
    Body: body,
    MD5OfBody: md5(body),
    Attributes: { SentTimestamp: String(sentAt) },
    ...optional(
      "MessageAttributes",
      because === undefined ? undefined : { because: { DataType: "String", StringValue: because } },
    ),
  };
}

/** The SDK compares it with the body. */
function md5(body: string): string {
  return createHash("md5").update(body).digest("hex");
}
