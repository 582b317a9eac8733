/** The address by which a subnet's workloads reach the internet over IPv4: a registry counts by address. */

import { EVERYWHERE } from "./addresses.ts";
import { isUnread, type NetworkFacts } from "./facts.ts";
import { chooseRoute, tableOf } from "./routes.ts";

export type Egress =
  /** One address, or a few, for everything behind it. */
  | { readonly kind: "nat"; readonly id: string; readonly addresses: readonly string[] }
  /** Each interface that has a public address goes out by it. */
  | { readonly kind: "internet-gateway" }
  /** A transit gateway, an appliance: its address is not seen from here. */
  | { readonly kind: "other"; readonly id: string }
  | { readonly kind: "none" };

/** Undefined where the subnet or its routes are not known. */
export function egressOf(subnet: string, facts: NetworkFacts): Egress | undefined {
  const { subnets, routeTables, natGateways } = facts;
  if (isUnread(subnets) || isUnread(routeTables)) return undefined;
  const described = subnets.find(({ id }) => id === subnet);
  if (described === undefined) return undefined;
  const table = tableOf(described, routeTables);
  if (table === undefined) return undefined;
  const { route } = chooseRoute(table, EVERYWHERE.ipv4, facts);
  if (route === undefined || route.state === "blackhole") return { kind: "none" };
  const { target } = route;
  if (target.startsWith("igw-")) return { kind: "internet-gateway" };
  if (!target.startsWith("nat-")) return { kind: "other", id: target };
  const nat = isUnread(natGateways) ? undefined : natGateways.find(({ id }) => id === target);
  if (nat !== undefined && nat.state !== "available") return { kind: "none" };
  if (nat?.isPrivate) return { kind: "other", id: target };
  return { kind: "nat", id: target, addresses: nat?.publicAddresses ?? [] };
}
