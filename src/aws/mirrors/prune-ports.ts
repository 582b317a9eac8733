/** The clean-up's view of the account: ECR, what uses images, the table, and what of Repull runs. */

import type { PrunePorts } from "../../mirrors/prune/run-prune.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { createKillSwitch, stopReason } from "../adapters/kill-switch-parameter.ts";
import type { AwsSettings } from "../client/client-config.ts";
import { createUseReader } from "./account-uses.ts";
import { createImageStore } from "./ecr-images.ts";
import { createPruneTable } from "./prune-table.ts";
import { createServiceTimes } from "./service-times.ts";
import { readUnendedExecutions } from "./unended-executions.ts";
import { whyUnrecorded } from "./unrecorded-pulls.ts";

/** With what else one run asks, some 400 calls: a revision takes a twentieth of one. */
const NEW_MAX = { taskDefinitions: 150, revisions: 2_000 };

export type PruneSettings = {
  readonly aws: AwsSettings;
  readonly table: string;
  /** Where clusters report the images that they use. */
  readonly reportTable?: string;
  /** The main stack's, whose executions may need a copy. */
  readonly functions: readonly string[];
  /** The SSM parameter that is the kill switch. */
  readonly writesParameter: string;
  /** The ARN of the function's role, whose own reads ECR does not record. */
  readonly ownRole?: string;
};

export function createPrunePorts(
  { aws, table, reportTable, functions, writesParameter, ownRole }: PruneSettings,
  account: string,
  clock: Pick<Clock, "now"> = systemClock,
): PrunePorts {
  const times = createServiceTimes(clock);
  const killSwitch = createKillSwitch(aws, writesParameter);
  return {
    store: createImageStore(aws, account, times),
    reader: createUseReader(aws, times, NEW_MAX, reportTable),
    records: createPruneTable(aws, table, times),
    times: times.times,
    stopped: () => stopReason(killSwitch),
    unrecorded: () => whyUnrecorded(aws, ownRole),
    executions: (since) => readUnendedExecutions(aws, functions, since),
  };
}
