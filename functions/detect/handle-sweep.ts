/**
 * One sweep of `detect`: what it found and could not read is logged, what it started is counted, and so is what died since
 * the sweep before.
 */

import type { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { createServiceReads } from "../../src/aws/adapters/ecs/service-reads.ts";
import { createEndedBadly } from "../../src/aws/adapters/ended-badly.ts";
import type { DetectPorts } from "../../src/remediation/detect/detect.ts";
import { type SweepReport, sweep } from "../../src/remediation/detect/sweep.ts";
import { periodBefore, readSweepRequest } from "../../src/remediation/detect/sweep-request.ts";
import { AwsError } from "../../src/remediation/ports/aws-error.ts";
import { matchesGlob } from "../../src/substitution/glob.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";
import { recordDetected, recordDied } from "../metrics.ts";
import type { Settings } from "../settings.ts";

type Invocation = { readonly settings: Settings; readonly log: Logger; readonly context: Context };

/** Answers what the sweep came to. Throws InvalidInput for a request without a number. */
export async function handleSweep(
  event: unknown,
  readPolicy: () => Promise<Policy>,
  ports: DetectPorts,
  invocation: Invocation,
): Promise<SweepSummary> {
  const { sweepNumber } = readSweepRequest(event);
  const policy = await readPolicy();
  const serviceReads = createServiceReads(invocation.settings.aws);
  const [summary] = await Promise.all([
    sweepAccount(sweepNumber, policy, { ...ports, serviceReads }, invocation),
    countEndedBadly(sweepNumber, invocation),
  ]);
  return summary;
}

/** What Lambda is answered, and the log has in addition to the findings. */
export type SweepSummary = Omit<SweepReport, "detected" | "gaps"> & {
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
  { settings, log, context }: Invocation,
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
async function countEndedBadly(sweepNumber: number, { settings, log }: Invocation): Promise<void> {
  const endedBadly = createEndedBadly(settings.aws, settings.functions);
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
