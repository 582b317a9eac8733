/** Wires the refresh of copies: ECR and what uses images are read, registries are asked, and the main stack's `mirror` is started. */

import { createExecutions } from "../../src/aws/adapters/durable-executions.ts";
import { createKillSwitch, stopReason } from "../../src/aws/adapters/kill-switch-parameter.ts";
import { createUseReader } from "../../src/aws/mirrors/account-uses.ts";
import { createImageStore } from "../../src/aws/mirrors/ecr-images.ts";
import { createPruneTable } from "../../src/aws/mirrors/prune-table.ts";
import { createServiceTimes } from "../../src/aws/mirrors/service-times.ts";
import type { RefreshPorts } from "../../src/mirrors/refresh/run-refresh.ts";
import type { Policy } from "../../src/substitution/policy/policy-in-force.ts";
import { registryPorts } from "../registry-ports.ts";
import type { RefreshSettings, Settings } from "../settings.ts";

/** What is not read now is read by a later run, and until then each copy counts as used. */
const NEW_MAX = { taskDefinitions: 500, revisions: 4_000 };

export function refreshPorts(
  settings: Settings,
  { table, reportTable, writesParameter }: RefreshSettings,
  account: string,
  policy: Policy,
): Omit<RefreshPorts, "publish"> {
  const { aws, functions } = settings;
  const times = createServiceTimes();
  const killSwitch = createKillSwitch(aws, writesParameter);
  const { registries, tagLists, logins, clock } = registryPorts(settings, account, policy);
  return {
    registries,
    tagLists,
    logins,
    clock,
    executions: createExecutions(aws, functions),
    store: createImageStore(aws, account, times),
    reader: createUseReader(aws, times, NEW_MAX, reportTable),
    records: createPruneTable(aws, table, times, "refresh-lock"),
    stopped: () => stopReason(killSwitch),
  };
}
