/**
 * Entry point of `mirrors`: the clean-up of copies in ECR, by its schedule or by `repull mirrors prune`. What is deleted is
 * published with the command that copies it again.
 */

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { createEventPublisher } from "../../src/aws/adapters/event-bus.ts";
import { createPrunePorts } from "../../src/aws/mirrors/prune-ports.ts";
import { ecrHost } from "../../src/image/ecr-hosts.ts";
import { pruneEvents } from "../../src/mirrors/prune/prune-events.ts";
import { isDryRunIn, MIRRORS_DETAIL_TYPE } from "../../src/mirrors/prune/prune-request.ts";
import { type PruneReport, runPrune } from "../../src/mirrors/prune/run-prune.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { accountOf, mirrorsSettingsFrom } from "../settings.ts";

makeStacksReadable();
const settings = mirrorsSettingsFrom(process.env);
const { aws, prefix } = settings;
const publisher = createEventPublisher(aws, settings.busName, MIRRORS_DETAIL_TYPE);
const log = new Logger({ serviceName: "repull-mirrors" });
/** One repository takes some ten calls, and the report an event. */
const REPOSITORY_MS = 60_000;

/** Lambda's entry. */
export async function handler(event: unknown, context: Context): Promise<PruneReport> {
  const account = accountOf(context.invokedFunctionArn);
  const isDryRun = !settings.mayDelete || isDryRunIn(event);
  const report = await runPrune(
    { prefix, host: ecrHost(account, aws.region), run: context.awsRequestId, isDryRun },
    createPrunePorts(settings, account),
    {
      planned: (copies) => log.info("prune planned", { copies }),
      hasTime: () => context.getRemainingTimeInMillis() > REPOSITORY_MS,
    },
  );
  log.info(`prune ${report.kind}`, { ...report });
  for (const event of pruneEvents(report)) await publisher.publish({ ...event, account, region: aws.region });
  return report;
}
