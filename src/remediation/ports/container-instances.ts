/** The machines of a cluster that take tasks, as far as a choice of platforms asks for them. */

import type { Platform } from "../../image/platform.ts";

/** Some machines of one kind. */
export type InstanceKind = {
  readonly platform: Platform;
  /** The capacity provider that brought them; absent for those that were registered without one. */
  readonly capacityProvider?: string;
};

export interface ContainerInstances {
  /** Every kind that the cluster has now, each once. Never fails: what may not be asked is unknown. */
  kinds(
    clusterArn: string,
  ): Promise<
    | { readonly kind: "known"; readonly machines: readonly InstanceKind[] }
    | { readonly kind: "unknown"; readonly because: string }
  >;
}
