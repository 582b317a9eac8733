/**
 * Entry point of `detect`: a batch of SQS messages in, one named remediation for each failing deployment out; or the
 * schedule's request for a sweep, which finds what no message has told of.
 *
 * What cannot be read goes to the dead-letter queue at once, with its reason; what fails for another cause is reported
 * as this one message's failure, and SQS brings it again.
 */

import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { Logger } from "@aws-lambda-powertools/logger";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { createDeadLetters } from "../../src/aws/adapters/dead-letter-queue.ts";
import { createExecutions } from "../../src/aws/adapters/durable-executions.ts";
import { createServiceReads } from "../../src/aws/adapters/ecs/service-reads.ts";
import { createEndedBadly } from "../../src/aws/adapters/ended-badly.ts";
import { partitionOf } from "../../src/image/ecr-hosts.ts";
import { InvalidInput } from "../../src/image/invalid-input.ts";
import { detect } from "../../src/remediation/detect/detect.ts";
import { rememberRunning } from "../../src/remediation/detect/remember-running.ts";
import { type SweepReport, sweep } from "../../src/remediation/detect/sweep.ts";
import {
  isSweepRequest,
  periodBefore,
  readSweepRequest,
} from "../../src/remediation/detect/sweep-request.ts";
import { AwsError } from "../../src/remediation/ports/aws-error.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { matchesGlob } from "../../src/substitution/glob.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";
import { killSwitchOf } from "../kill-switch.ts";
import { recordDetected, recordDied } from "../metrics.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { accountOf, settingsFrom } from "../settings.ts";

const settings = settingsFrom(process.env);
const executions = createExecutions(settings.aws, settings.functions);
const remembered = rememberRunning(executions, systemClock);
const endedBadly = createEndedBadly(settings.aws, settings.functions);
const serviceReads = createServiceReads(settings.aws);
const deadLetters = createDeadLetters(settings.aws, settings.deadLetterQueueUrl);
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
    const { sweepNumber } = readSweepRequest(event);
    const policy = await policyNow();
    const [summary] = await Promise.all([
      sweepAccount(sweepNumber, policy, { ...ports, serviceReads }, context),
      countEndedBadly(sweepNumber),
    ]);
    return summary;
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

/** What Lambda is answered, and the log has in addition to the findings. */
type SweepSummary = Omit<SweepReport, "detected" | "gaps"> & {
  readonly started: number;
  readonly gaps: number;
};

/** Of Lambda's time, what is left for the answers that are under way. */
const LEFT_SECONDS = 10;
const SWEEP_SECONDS_MAX = 50;

/** One sweep. Fails where nothing at all could be read, so that the alarm of this function's errors says so. */
async function sweepAccount(
  sweepNumber: number,
  policy: Policy,
  ports: Parameters<typeof sweep>[2],
  context: Context,
): Promise<SweepSummary> {
  const left = Math.floor(context.getRemainingTimeInMillis() / 1000) - LEFT_SECONDS;
  const options = {
    sweepNumber,
    seconds: Math.max(1, Math.min(SWEEP_SECONDS_MAX, left)),
    isOurCluster: (name: string) => matchesGlob(settings.clusterPattern, name),
  };
  const { detected, gaps, ...figures } = await sweep(options, policy, ports);
  for (const one of detected) {
    log.info(`sweep ${one.kind}`, { ...one });
    if (one.kind === "started") recordDetected(one.kind, one.failure);
  }
  for (const gap of gaps) log.warn("the sweep could not read all", { ...gap });
  const started = detected.filter(({ kind }) => kind === "started").length;
  const summary = { ...figures, started, gaps: gaps.length };
  log.info("swept", summary);
  const [first] = gaps;
  if (first !== undefined && figures.described === 0)
    throw new AwsError(first.code, first.action, `nothing could be swept: ${first.because}`);
  return summary;
}

/** Counts what died since the sweep before. A list that cannot be read keeps nothing else from being swept. */
async function countEndedBadly(sweepNumber: number): Promise<void> {
  const { from, to } = periodBefore(sweepNumber);
  for (const workflow of ["remediate", "mirror"] as const)
    try {
      const died = await endedBadly.count(workflow, from, to);
      if (died === 0) continue;
      log.warn("executions ended without an outcome", { workflow, died });
      recordDied(died);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      log.warn("the executions that died cannot be counted", { workflow, because: error.message });
    }
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

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // V8 quotes the text in its message, and the text may hold secrets.
    throw new InvalidInput("body", "an EventBridge document in JSON");
  }
}
