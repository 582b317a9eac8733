/**
 * Entry point of `deployment-hook`: ECS's question at PRE_SCALE_UP in, IN_PROGRESS while an image is copied, else SUCCEEDED.
 * Whatever fails here, settings and start included, the answer is SUCCEEDED: any other rolls the deployment back.
 */

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { type HoldAnswer, holdDeployment } from "../../src/prevention/prefill/hold-deployment.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createHoldPorts } from "../prefill-ports.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { accountOf, settingsFrom } from "../settings.ts";

makeStacksReadable();
const log = new Logger({ serviceName: "repull-deployment-hook" });
let ports: ReturnType<typeof createHoldPorts> | undefined;

/** Lambda's entry. */
export async function handler(event: unknown, context: Context): Promise<HoldAnswer> {
  const { answer, ...why } = await holdDeployment(event, systemClock, async () => {
    const settings = settingsFrom(process.env);
    const policy = await readEffectivePolicy(settings);
    ports ??= createHoldPorts(settings, accountOf(context.invokedFunctionArn));
    return { policy, clusterPattern: settings.clusterPattern, ports: ports(policy) };
  });
  log.info("deployment hook answered", { status: answer.hookStatus, ...why });
  return answer;
}
