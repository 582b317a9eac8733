/** Entry point of `remediate`: the durable workflow over the real ports. */

import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { Logger } from "@aws-lambda-powertools/logger";
import { withKillSwitch } from "../../src/remediation/gates/kill-switch.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { remediateWithPolicy } from "../../src/remediation/workflow/remediate-with-policy.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { durableSteps } from "../../src/runtime/durable-steps.ts";
import type { Policy } from "../../src/substitution/policy/policy.ts";
import { getPorts } from "../create-ports.ts";
import { executionNameOf } from "../execution-name.ts";
import { killSwitchOf } from "../kill-switch.ts";
import { recordingLength, recordOutcome, withQuotaMetric } from "../metrics.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { settingsFrom } from "../settings.ts";

makeStacksReadable();
const settings = settingsFrom(process.env);
const log = new Logger({ serviceName: "repull-remediate" });
const killSwitch = killSwitchOf(settings);

export const handler = withDurableExecution(async (event: unknown, context: DurableContext) => {
  const execution = executionNameOf(context.executionContext.durableExecutionArn);
  log.appendKeys({ execution });
  const { invokedFunctionArn } = context.lambdaContext;
  const source = {
    read: () => readEffectivePolicy(settings),
    portsFor: (policy?: Policy) => {
      const ports = getPorts(settings, invokedFunctionArn, log, policy);
      return withKillSwitch({ ...ports, quotaStore: withQuotaMetric(ports.quotaStore) }, killSwitch);
    },
  };
  const functionName = functionToName(invokedFunctionArn);
  const onOutcome = (outcome: Outcome): void => {
    // A question is not an end: its own outcome is counted when it ends.
    if (outcome.outcome !== "awaiting-approval") recordOutcome(outcome, secondsSince(event));
  };
  return await remediateWithPolicy(
    event,
    source,
    {
      execution,
      onOutcome,
      rights: settings.rights,
      ...(functionName === undefined ? {} : { functionName }),
    },
    recordingLength(durableSteps(context)),
  );
});

/** The function's name, where a command has to name it. */
function functionToName(arn: string): string | undefined {
  const name = /:function:([^:]+)/.exec(arn)?.[1];
  return name === "repull-remediate" ? undefined : name;
}

/** From the event's own time until now; undefined for an event that has none. */
function secondsSince(event: unknown): number | undefined {
  const time = typeof event === "object" && event !== null && "time" in event ? event.time : undefined;
  const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, (systemClock.now() - at) / 1000);
}
