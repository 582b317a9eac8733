/** Everything that runs in a sandbox, as the commands that look over a whole account see it. */

import { readService } from "../../../ecs/service/service.ts";
import type { ServiceInventory } from "../../../history/active-substitutions.ts";
import type { Cluster } from "../../ecs/cluster-api.ts";
import { describedService } from "../../ecs/documents/service-document.ts";

export function createServiceInventory({ services }: Pick<Cluster, "services">): ServiceInventory {
  return {
    clusters: async () => [...new Set(services().map(({ cluster }) => cluster.arn))],
    async *services(cluster) {
      yield services()
        .filter((service) => [service.cluster.arn, service.cluster.name].includes(cluster))
        .map((service) => readService(describedService(service)));
    },
  };
}
