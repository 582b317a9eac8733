/**
 * The clean-up of copies in a served sandbox: the code of the function `mirrors`, asking the sandbox as it asks AWS. It may delete, as
 * with Mirrors=prune.
 */

import { createPrunePorts } from "../../aws/mirrors/prune-ports.ts";
import { ecrHost } from "../../image/ecr-hosts.ts";
import { isDryRunIn } from "../../mirrors/prune/prune-request.ts";
import { runPrune } from "../../mirrors/prune/run-prune.ts";
import type { JsonObject } from "../../runtime/json.ts";
import type { Account } from "../../sandbox/endpoint/call.ts";

/** @param endpoint where the account is served */
export function installMirrors(account: Account, endpoint: string): void {
  const { world, stack } = account;
  if (stack === undefined) return;
  const { account: id, region } = world.home;
  const { name } = stack;
  let runs = 0;
  account.functions.set(`${name}-mirrors`, async (event) => {
    runs += 1;
    const ports = createPrunePorts(
      {
        aws: { region, endpoint, credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" } },
        table: `${name}-PruneTable`,
        reportTable: `${name}-cluster-reports`,
        functions: [`${name}-remediate`, `${name}-mirror`],
        writesParameter: `/${name}/writes`,
      },
      id,
      world.clock,
    );
    const run = `sandbox ${runs}`;
    const report = await runPrune(
      { prefix: "repull", host: ecrHost(id, region), run, isDryRun: isDryRunIn(event) },
      ports,
    );
    return JSON.parse(JSON.stringify(report)) as JsonObject;
  });
}
