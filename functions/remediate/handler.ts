/** Entry point of `remediate`: the durable workflow over the real ports. */

import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { remediate } from "../../src/remediation/remediate.ts";
import { durableSteps } from "../../src/runtime/durable-steps.ts";
import { portsOf } from "../ports.ts";
import { settingsFrom } from "../settings.ts";

const settings = settingsFrom(process.env);

export const handler = withDurableExecution(async (event: unknown, context) => {
  const ports = portsOf(settings, context.lambdaContext.invokedFunctionArn, "repull-remediate");
  const execution = executionNameOf(context.executionContext.durableExecutionArn);
  return await remediate(event, ports, { policy: settings.policy, execution }, durableSteps(context));
});

/** `…:function:name:version/durable-execution/NAME/ID`: the name that `detect` gave it. */
function executionNameOf(durableExecutionArn: string): string {
  return (
    /\/durable-execution\/([A-Za-z0-9_-]{1,64})\//.exec(durableExecutionArn)?.[1] ??
    durableExecutionArn.replace(/[^A-Za-z0-9_-]+/g, "-").slice(-64)
  );
}
