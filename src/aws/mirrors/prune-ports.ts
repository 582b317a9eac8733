/** The clean-up's view of the account: ECR, what uses images, the table, and what of Repull runs. */

import { LambdaClient } from "@aws-sdk/client-lambda";
import type { PrunePorts } from "../../mirrors/prune/run-prune.ts";
import { statusIn } from "../adapters/durable-executions.ts";
import { createKillSwitch } from "../adapters/kill-switch-parameter.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import { listExecutions } from "../stack/list-executions.ts";
import { createUseReader } from "./account-uses.ts";
import { createImageStore } from "./ecr-images.ts";
import { createPruneTable } from "./prune-table.ts";
import { createServiceTimes } from "./service-times.ts";
import { readable } from "./whole-list.ts";

/** Longer than any execution of `remediate` or `mirror` may take. */
const RUNS_MS_MAX = 60 * 86_400_000;
/** With what else one run asks, some 400 calls. */
const NEW_TASK_DEFINITIONS_MAX = 150;

export type PruneSettings = {
  readonly aws: AwsSettings;
  readonly table: string;
  /** The main stack's, whose executions may need a copy. */
  readonly functions: readonly string[];
  /** The SSM parameter that is the kill switch. */
  readonly writesParameter: string;
};

export function createPrunePorts(
  { aws, table, functions, writesParameter }: PruneSettings,
  account: string,
): PrunePorts {
  const times = createServiceTimes();
  const lambda = new LambdaClient(clientConfiguration(aws));
  const killSwitch = createKillSwitch(aws, writesParameter);
  const action = "lambda:ListDurableExecutionsByFunction";
  return {
    store: createImageStore(aws, account, times),
    reader: createUseReader(aws, times, NEW_TASK_DEFINITIONS_MAX),
    records: createPruneTable(aws, table, times),
    times: times.times,
    async stopped() {
      try {
        return await killSwitch.activeReason();
      } catch (error) {
        return error instanceof Error ? error.message : `${writesParameter} cannot be read`;
      }
    },
    executions: () =>
      readable(action, async () => {
        const now = Math.max(...times.times());
        const running: string[] = [];
        for (const name of functions) {
          const since = now - RUNS_MS_MAX;
          const { executions, since: from } = await listExecutions(lambda, name, { since, now });
          if (from > since) throw new Error(`${action}: more than could be listed`);
          for (const { Status, DurableExecutionName = name } of executions)
            if (statusIn(Status) === "running") running.push(DurableExecutionName);
        }
        return running;
      }),
  };
}
