/**
 * The clean-up and the refresh of copies in a served sandbox: the code of the functions `mirrors` and `refresh`, asking the sandbox as they
 * ask AWS. The clean-up may delete, as with Mirrors=prune.
 */

import { createEventPublisher } from "../../aws/adapters/event-bus.ts";
import { createUseReader } from "../../aws/mirrors/account-uses.ts";
import { createPrunePorts } from "../../aws/mirrors/prune-ports.ts";
import { createPruneTable } from "../../aws/mirrors/prune-table.ts";
import { createServiceTimes } from "../../aws/mirrors/service-times.ts";
import { ecrHost } from "../../image/ecr-hosts.ts";
import { pruneEvents } from "../../mirrors/prune/prune-events.ts";
import { isDryRunIn, MIRRORS_DETAIL_TYPE } from "../../mirrors/prune/prune-request.ts";
import { runPrune } from "../../mirrors/prune/run-prune.ts";
import { eventsOf, REFRESH_DETAIL_TYPE } from "../../mirrors/refresh/refresh-report.ts";
import { runRefresh } from "../../mirrors/refresh/run-refresh.ts";
import type { Logins, Registries, TagLists } from "../../oci/client/registries.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { Account } from "../../sandbox/endpoint/call.ts";
import { environmentOf } from "../../sandbox/endpoint/installed-stack.ts";
import { policyFrom } from "../../substitution/policy/policy.ts";

/** As the function's: what is not read now is read by a later run. */
const NEW_MAX = { taskDefinitions: 500, revisions: 4_000 };

/** @param endpoint where the account is served */
export function installMirrors(account: Account, endpoint: string): void {
  const { world, stack } = account;
  if (stack === undefined) return;
  const { account: id, region } = world.home;
  const { name } = stack;
  const aws = { region, endpoint, credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" } };
  const settings = {
    aws,
    table: `${name}-PruneTable`,
    reportTable: `${name}-cluster-reports`,
    functions: [`${name}-remediate`, `${name}-mirror`],
    writesParameter: `/${name}/writes`,
  };
  const host = ecrHost(id, region);
  let runs = 0;
  const nextRun = (): string => {
    runs += 1;
    return `sandbox ${runs}`;
  };
  const publish = async (detailType: string, events: readonly object[]): Promise<void> => {
    const publisher = createEventPublisher(aws, "default", detailType);
    for (const event of events) await publisher.publish({ ...event, account: id, region } as JsonObject);
  };

  account.functions.set(`${name}-mirrors`, async (event) => {
    const ports = createPrunePorts(settings, id, world.clock);
    const report = await runPrune(
      { prefix: "repull", host, run: nextRun(), isDryRun: isDryRunIn(event) },
      ports,
    );
    await publish(MIRRORS_DETAIL_TYPE, pruneEvents(report));
    return asJson(report);
  });

  account.functions.set(`${name}-refresh`, async (event) => {
    const { store, stopped } = createPrunePorts(settings, id, world.clock);
    const times = createServiceTimes(world.clock);
    const registries = world.ports.registries as Registries & TagLists & Logins;
    const report = await runRefresh(
      {
        policy: policyFrom(environmentOf(stack, world.home)),
        host,
        run: nextRun(),
        isDryRun: isDryRunIn(event),
      },
      {
        store,
        stopped,
        registries,
        tagLists: registries,
        logins: registries,
        executions: world.ports.executions,
        clock: world.ports.clock,
        reader: createUseReader(aws, times, NEW_MAX, settings.reportTable),
        records: createPruneTable(aws, settings.table, times, "refresh-lock"),
        publish: async (told) => publish(REFRESH_DETAIL_TYPE, eventsOf(told)),
      },
    );
    return asJson(report);
  });
}

/** As Lambda answers it. */
function asJson(report: object): JsonObject {
  return JSON.parse(JSON.stringify(report)) as JsonObject;
}
