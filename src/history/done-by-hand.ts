/**
 * What was done at a command line since a time, by `repull fix` and `repull mirrors refresh --apply`, as far as it is in effect.
 *
 * No execution remembers it. The tags of a revision do, and a service that began to run one has deployed it since: so only the
 * services with a deployment of that time are looked at.
 */

import { optional } from "../ecs/json-fields.ts";
import { primaryDeployment } from "../ecs/service/service.ts";
import { isInteractive } from "../remediation/detect/execution-names.ts";
import type { Ports } from "../remediation/ports/ports.ts";
import { undoOfService } from "../remediation/report/next-steps.ts";
import { activeInServices, type ServiceInventory } from "./active-substitutions.ts";
import { type HistoryEntry, mergeHistory } from "./history.ts";
import { planUndo } from "./undo.ts";

export type DoneByHand = HistoryEntry & {
  /** The command that takes it back; absent where that would be refused, and `because` says why. */
  readonly undo?: readonly string[];
};

/** Newest first. Throws AwsError. */
export async function doneByHand(
  inventory: ServiceInventory,
  ports: Pick<Ports, "ecs">,
  since: number,
): Promise<readonly DoneByHand[]> {
  const active = await activeInServices(deployedSince(inventory, since), ports);
  const effects = active.filter(({ execution }) => isInteractive(execution));
  const plans = await planUndo(effects, ports);
  return plans.flatMap(({ effect, refusedBecause }) =>
    mergeHistory([], [effect], since).map((entry) => ({
      ...entry,
      ...optional("because", refusedBecause ?? entry.because),
      ...(refusedBecause === undefined && effect.kind === "service"
        ? { undo: undoOfService(effect.service, effect.clusterArn) }
        : {}),
    })),
  );
}

/** A service without a time of its deployment is looked at. */
function deployedSince(inventory: ServiceInventory, since: number): ServiceInventory {
  return {
    clusters: () => inventory.clusters(),
    async *services(cluster) {
      for await (const services of inventory.services(cluster))
        yield services.filter((service) => (primaryDeployment(service)?.createdAt ?? since) >= since);
    },
  };
}
