/**
 * Entry point of `detect`: a batch of SQS messages in, one named remediation for each failing deployment out; or the
 * schedule's request for a sweep, which finds what no message has reported.
 *
 * What cannot be read goes to the dead-letter queue at once, with its reason; what fails for another cause is reported
 * as this one message's failure, and SQS brings it again.
 */

import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { Logger } from "@aws-lambda-powertools/logger";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import type { DeadLetters } from "../../src/aws/adapters/dead-letter-queue.ts";
import { createExecutions } from "../../src/aws/adapters/durable-executions.ts";
import { partitionOf } from "../../src/image/ecr-hosts.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { detect } from "../../src/remediation/detect/detect.ts";
import { rememberRunning } from "../../src/remediation/detect/remember-running.ts";
import { AwsError } from "../../src/remediation/ports/aws-error.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { loadedWhenUsed } from "../../src/runtime/loaded-when-used.ts";
import type { Policy } from "../../src/substitution/policy/policy-in-force.ts";
import { killSwitchOf } from "../kill-switch.ts";
import { recordDetected } from "../metrics.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { accountOf, settingsFrom } from "../settings.ts";
import type { SweepSummary } from "./handle-sweep.ts";

makeStacksReadable();
const settings = settingsFrom(process.env);
const executions = createExecutions(settings.aws, settings.functions);
const remembered = rememberRunning(executions, systemClock);
const { deadLetterQueueUrl } = settings;
// A message that cannot be read is rare.
const deadLetters = loadedWhenUsed<DeadLetters>({ reject: true }, async () =>
  (await import("../../src/aws/adapters/dead-letter-queue.ts")).createDeadLetters(
    settings.aws,
    deadLetterQueueUrl,
  ),
);
const log = new Logger({ serviceName: "repull-detect" });
const processor = new BatchProcessor(EventType.SQS);

/** Lambda's entry. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse>;
export async function handler(event: unknown, context: Context): Promise<SQSBatchResponse | SweepSummary>;
export async function handler(event: unknown, context: Context): Promise<SQSBatchResponse | SweepSummary> {
  const { region } = settings.aws;
  const location = { account: accountOf(context.invokedFunctionArn), region, partition: partitionOf(region) };
  const ports = { location, executions, clock: systemClock, killSwitch: killSwitchOf(settings) };
  if (isSweepRequest(event)) {
    // Four times an hour, and with a client of ECS: no message waits for it.
    const { handleSweep } = await import("./handle-sweep.ts");
    return await handleSweep(event, policyNow, ports, { settings, log, context });
  }
  const policy = await policyNow();
  const one = async ({ body, messageId }: SQSRecord): Promise<void> => {
    try {
      const detected = await detect(parsed(body), { ...ports, executions: remembered }, policy);
      log.info(`event ${detected.kind}`, { messageId, ...detected });
      recordDetected(detected.kind, detected.failure);
    } catch (error) {
      if (error instanceof InvalidInput) {
        log.warn("event rejected", { messageId, because: error.message });
        await deadLetters.reject(body, error.message);
        recordDetected("rejected");
        return;
      }
      // SQS redelivers the message, but the batch response carries only its id, so log the reason here.
      log.error("event not handled", { messageId, because: error instanceof Error ? error.message : "" });
      recordDetected("failed");
      throw error;
    }
  };
  return await processPartialResponse(event as SQSEvent, one, processor, {
    context,
    throwOnFullBatchFailure: false,
  });
}

/**
 * The policy in force. A document that cannot be read, or is missing, does not keep an event from being handled:
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

/** Whether an event means a sweep, well formed or not. */
function isSweepRequest(event: unknown): boolean {
  return typeof event === "object" && event !== null && "sweep" in event;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // V8 quotes the text in its message, and the text may hold secrets.
    throw new InvalidInput("body", "an EventBridge document in JSON");
  }
}
