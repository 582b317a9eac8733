/**
 * Figures for CloudWatch, in the log's own lines (embedded metric format): no call, no right, no waiting.
 *
 * Few names and few dimensions, because each combination is paid for. The template's alarms and dashboard read these.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */

import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { RateLimit } from "../src/oci/client/rate-limit.ts";
import type { QuotaStore } from "../src/remediation/ports/quota-store.ts";
import type { Outcome } from "../src/remediation/report/outcome.ts";
import { countedSteps } from "../src/runtime/counted-steps.ts";
import type { Steps } from "../src/runtime/steps.ts";

export const NAMESPACE = "Repull";

const metrics = new Metrics({ namespace: NAMESPACE });

/** One for each message that `detect` has read: `started`, `duplicate`, `ignored`, `rejected`, `failed`; and which failure it reported. */
export function recordDetected(kind: string, failure?: string): void {
  count("Events", { kind });
  if (failure !== undefined) count("Failures", { kind: failure });
}

/**
 * Executions that ended without an outcome, by an error or out of time, as a sweep of `detect` finds them.
 * Lambda counts these as well, under a dimension that its guide does not name.
 */
export function recordDied(executions: number): void {
  write("ExecutionsDied", MetricUnit.Count, executions, {});
}

/**
 * Half of the operations after which Lambda ends an execution, whatever it is doing
 * (https://docs.aws.amazon.com/lambda/latest/dg/durable-monitoring.html, read 2026-11). No execution that we know of gets there.
 */
export const OPERATIONS_NOTABLE = 1500;

/**
 * The same steps; counted is each invocation of an execution that has come so far. Lambda's own figure
 * (`DurableExecutionOperations`) is one of the function, which does not distinguish a long execution from many short ones.
 */
export function recordingLength(steps: Steps): Steps {
  return countedSteps(steps, (operations) => {
    if (operations === OPERATIONS_NOTABLE) count("LongExecutions", {});
  });
}

/** How a remediation ended, by what; and, where it healed, how long the service had waited since the event. */
export function recordOutcome(outcome: Outcome, secondsSinceEvent: number | undefined): void {
  count("Remediations", { outcome: outcome.outcome });
  const strategy = outcome.images.find(({ failing }) => failing)?.strategy;
  if (strategy !== undefined) count("Substitutes", { strategy, outcome: outcome.outcome });
  if (outcome.outcome === "not-eligible" || outcome.outcome === "no-substitute")
    count("Refusals", { reason: outcome.reason ?? "other" });
  if (outcome.outcome === "succeeded" && secondsSinceEvent !== undefined)
    write("RecoveryTime", MetricUnit.Seconds, secondsSinceEvent, {});
}

/** What a copy moved into ECR; nothing where everything was there. */
export function recordMirrored(bytesMoved: number): void {
  write("BytesMirrored", MetricUnit.Bytes, bytesMoved, {});
}

/** The pulls that Docker Hub still grants, as its answer says, to the function's `address` or to the `account`; nothing where it does not report them. */
export function recordRateLimit({ remaining, source = "" }: RateLimit): void {
  if (remaining === undefined) return;
  write("PullsLeft", MetricUnit.Count, remaining, { of: isAddress(source) ? "address" : "account" });
}

/** Docker Hub names who is counted: an address, or an account's id. */
function isAddress(source: string): boolean {
  return source === "" || /^[0-9.]+$|:/.test(source);
}

/** The same quotas; the metric counts each quota period in which an operator had to be notified. */
export function withQuotaMetric(quotas: QuotaStore): QuotaStore {
  return {
    ...quotas,
    async claimNotification(window, claimant) {
      const isToTell = await quotas.claimNotification(window, claimant);
      if (isToTell) count("QuotasReached", {});
      return isToTell;
    },
  };
}

function count(name: string, dimensions: Readonly<Record<string, string>>): void {
  write(name, MetricUnit.Count, 1, dimensions);
}

function write(
  name: string,
  unit: (typeof MetricUnit)[keyof typeof MetricUnit],
  value: number,
  dimensions: Readonly<Record<string, string>>,
): void {
  // A single metric is written at once, and takes no dimension of another along.
  const single = metrics.singleMetric();
  for (const [dimension, text] of Object.entries(dimensions)) single.addDimension(dimension, text);
  single.addMetric(name, unit, value);
}
