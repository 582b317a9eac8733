/**
 * Entry point of `refresh`: asks the sources of copies whether their tags have moved, by its schedule or by
 * `repull mirrors refresh`, and has copied what moved and what the policy wants. News are published.
 */

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { createEventPublisher } from "../../src/aws/adapters/event-bus.ts";
import { ecrHost } from "../../src/image/ecr-hosts.ts";
import { eventPages } from "../../src/mirrors/event-pages.ts";
import { isDryRunIn } from "../../src/mirrors/prune/prune-request.ts";
import { cutReport } from "../../src/mirrors/refresh/cut-report.ts";
import {
  eventsOf,
  REFRESH_DETAIL_TYPE,
  type RefreshReport,
} from "../../src/mirrors/refresh/refresh-report.ts";
import { runRefresh } from "../../src/mirrors/refresh/run-refresh.ts";
import { REQUEST_SECONDS } from "../../src/oci/client/request-time-limit.ts";
import type { JsonObject } from "../../src/runtime/json.ts";
import { readEffectivePolicy } from "../read-policy.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { accountOf, refreshSettingsFrom, settingsFrom } from "../settings.ts";
import { refreshPorts } from "./refresh-ports.ts";

makeStacksReadable();
const settings = settingsFrom(process.env);
const refresh = refreshSettingsFrom(process.env);
const { aws } = settings;
const publisher = createEventPublisher(aws, refresh.busName, REFRESH_DETAIL_TYPE);
const log = new Logger({ serviceName: "repull-refresh" });
/** To read ECR again, to remember and to publish, after the last question has had its time. */
const ENDING_MS = 60_000 + REQUEST_SECONDS * 1000;

/** Lambda's entry. */
export async function handler(event: unknown, context: Context): Promise<RefreshReport> {
  const account = accountOf(context.invokedFunctionArn);
  const policy = await readEffectivePolicy(settings);
  const publish = async (report: RefreshReport): Promise<void> => {
    for (const detail of eventsOf(report)) {
      log.info("news", { ...detail });
      await publisher.publish({ ...detail, account, region: aws.region } as unknown as JsonObject);
    }
  };
  const report = await runRefresh(
    {
      policy,
      host: ecrHost(account, aws.region),
      run: context.awsRequestId,
      isDryRun: isDryRunIn(event),
    },
    { ...refreshPorts(settings, refresh, account, policy), publish },
    () => context.getRemainingTimeInMillis() > ENDING_MS,
  );
  const { moved, lost, wanted, ...counts } = report;
  log.info(`refresh ${report.kind}`, {
    ...counts,
    moved: moved.length,
    lost: lost.length,
    wanted: wanted.length,
  });
  const { answer, rest } = cutReport(report);
  for (const rows of eventPages(rest)) log.info("not in the answer", { rows });
  return answer;
}
