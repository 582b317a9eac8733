/**
 * Entry point of `detect`: a batch of SQS messages in, one named remediation for each failing deployment out.
 *
 * What cannot be read goes to the dead-letter queue at once, with its reason; what fails for another cause is reported
 * as this one message's failure, and SQS brings it again.
 */

import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { Logger } from "@aws-lambda-powertools/logger";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { createDeadLetters } from "../../src/aws/adapters/dead-letter-queue.ts";
import { createExecutions } from "../../src/aws/adapters/durable-executions.ts";
import { partitionOf } from "../../src/image/ecr-hosts.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { detect } from "../../src/remediation/detect/detect.ts";
import { AwsError } from "../../src/remediation/ports/aws-error.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";
import { recordDetected, recordDied } from "../metrics.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { accountOf, settingsFrom } from "../settings.ts";

const settings = settingsFrom(process.env);
const executions = createExecutions(settings.aws, settings.functions);
const deadLetters = createDeadLetters(settings.aws, settings.deadLetterQueueUrl);
const log = new Logger({ serviceName: "repull-detect" });
const processor = new BatchProcessor(EventType.SQS);

/** Lambda's entry. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const { region } = settings.aws;
  const home = { account: accountOf(context.invokedFunctionArn), region, partition: partitionOf(region) };
  const policy = await policyNow();
  const one = async ({ body, messageId }: SQSRecord): Promise<void> => {
    try {
      const detected = await detect(parsed(body), { location: home, executions, clock: systemClock }, policy);
      log.info(`event ${detected.kind}`, { messageId, ...detected });
      recordDetected(detected.kind, detected.failure);
      if (detected.died) recordDied();
    } catch (error) {
      if (error instanceof InvalidInput) {
        log.warn("event rejected", { messageId, because: error.message });
        await deadLetters.reject(body, error.message);
        recordDetected("rejected");
        return;
      }
      // SQS brings it again and tells nobody why; the batch's own report holds an id alone.
      log.error("event not handled", { messageId, because: error instanceof Error ? error.message : "" });
      recordDetected("failed");
      throw error;
    }
  };
  return await processPartialResponse(event, one, processor, { context, throwOnFullBatchFailure: false });
}

/**
 * The policy as its owner's document says it. One that cannot be read, or is none, keeps no event from being handled:
 * the remediation that starts reads it itself, writes nothing by it, and its record says why.
 */
async function policyNow(): Promise<Policy> {
  try {
    return await readEffectivePolicy(settings);
  } catch (error) {
    if (!(error instanceof AwsError) && !(error instanceof InvalidInput)) throw error;
    log.warn("the policy document was not read", { because: error.message });
    return settings.policyWith();
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // V8 quotes the text in its message, and the text may hold secrets.
    throw new InvalidInput("body", "an EventBridge document in JSON");
  }
}
