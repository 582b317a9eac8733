/** Entry point of `mirror`: the durable copy of one image into ECR. */

import { type DurableContext, withDurableExecution } from "@aws/durable-execution-sdk-js";
import { Logger } from "@aws-lambda-powertools/logger";
import { mirror } from "../../src/remediation/mirror/mirror-workflow.ts";
import { readPolicyOnce } from "../../src/remediation/workflow/read-policy-once.ts";
import { durableSteps } from "../../src/runtime/durable-steps.ts";
import { getPorts } from "../create-ports.ts";
import { executionNameOf } from "../execution-name.ts";
import { recordingLength, recordMirrored } from "../metrics.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { settingsFrom } from "../settings.ts";

makeStacksReadable();
const settings = settingsFrom(process.env);
const log = new Logger({ serviceName: "repull-mirror" });

export const handler = withDurableExecution(async (event: unknown, context: DurableContext) => {
  log.appendKeys({ execution: executionNameOf(context.executionContext.durableExecutionArn) });
  const steps = recordingLength(durableSteps(context));
  const policy = await readPolicyOnce(() => readEffectivePolicy(settings), steps);
  const ports = getPorts(settings, context.lambdaContext.invokedFunctionArn, log, policy);
  const result = await mirror(event, ports, policy, steps, () =>
    context.lambdaContext.getRemainingTimeInMillis(),
  );
  if ("bytesMoved" in result) recordMirrored(result.bytesMoved);
  return result;
});
