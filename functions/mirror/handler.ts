/** Entry point of `mirror`: the durable copy of one image into ECR. */

import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { mirror } from "../../src/remediation/mirror.ts";
import { durableSteps } from "../../src/runtime/durable-steps.ts";
import { portsOf } from "../ports.ts";
import { settingsFrom } from "../settings.ts";

const settings = settingsFrom(process.env);

export const handler = withDurableExecution(async (event: unknown, context) => {
  const ports = portsOf(settings, context.lambdaContext.invokedFunctionArn, "repull-mirror");
  return await mirror(event, ports, settings.policy, durableSteps(context));
});
