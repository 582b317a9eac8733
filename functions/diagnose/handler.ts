/**
 * Entry point of `diagnose`: an event of ECS about a start that failed in, one `Task Start Diagnosis` event out for each
 * deployment and cause. Reads only. EventBridge tries again what fails, and puts it aside after that.
 */

import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { createEventPublisher } from "../../src/aws/adapters/event-bus.ts";
import { createAccountReads } from "../../src/aws/diagnosis/account-reads.ts";
import { createClaims } from "../../src/aws/diagnosis/diagnosis-claims.ts";
import {
  DIAGNOSIS_DETAIL_TYPE,
  diagnoseEvent,
  type EventResult,
} from "../../src/diagnosis/diagnose-event.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Json } from "../../src/runtime/json.ts";
import { matchesGlob } from "../../src/substitution/glob.ts";
import { makeStacksReadable } from "../readable-stacks.ts";
import { accountOf, diagnoseSettingsFrom } from "../settings.ts";

makeStacksReadable();
const settings = diagnoseSettingsFrom(process.env);
const claims = createClaims(settings.aws, settings.claimTable, systemClock);
const publisher = createEventPublisher(settings.aws, settings.busName, DIAGNOSIS_DETAIL_TYPE);
const log = new Logger({ serviceName: "repull-diagnose" });

/** Lambda's entry. */
export async function handler(event: Json, context: Context): Promise<EventResult> {
  const account = accountOf(context.invokedFunctionArn);
  const result = await diagnoseEvent(event, {
    claims,
    // Each event is of another moment: what was read for one is not kept for the next.
    reads: ({ region }) =>
      createAccountReads({ ...settings.aws, region: region ?? settings.aws.region }, account),
    publish: (detail) => publisher.publish(detail),
    isOurCluster: (name) => matchesGlob(settings.clusterPattern, name),
  });
  log.info(`start ${result.kind}`, { ...result });
  return result;
}
