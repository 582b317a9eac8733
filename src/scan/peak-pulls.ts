/**
 * The worst six hours in figures: every task is replaced once, every schedule fires as often as it can, and all of it pulls by
 * the addresses that it has. Docker Hub counts anonymous pulls by address, so that is where the limit strikes.
 */

import type { Egress } from "../network/egress.ts";
import type { ContainerHost } from "./account-inventory.ts";
import type { Exposure } from "./exposure.ts";

/** Docker Hub's limits for six hours, as its documentation had them in 2026-11; its answers say what holds. */
export const ANONYMOUS_PULLS = 100;
export const ACCOUNT_PULLS = 200;

export type EgressLoad = {
  /** What is known of the address, in words. */
  readonly address: string;
  /** `per-task`: each task or host has an address of its own, and shares the limit with no other. */
  readonly kind: "nat" | "per-task" | "unknown" | "none";
  readonly workloads: number;
  readonly pulls: number;
  /** Of one address: all of `pulls`, or for `per-task` the most that one of them takes. */
  readonly pullsPerAddress: number;
};

export type EgressInfo = {
  readonly ofSubnets: ReadonlyMap<string, Egress>;
  /** Cluster name → its machines; absent where they could not be read. */
  readonly hosts: ReadonlyMap<string, readonly ContainerHost[]>;
};

type Share = {
  readonly address: string;
  readonly kind: EgressLoad["kind"];
  /** Subnets, or machines. */
  readonly parts: number;
  /** How many addresses share the load. */
  readonly addresses: number;
};

/** The anonymous pulls of the worst six hours by the address that they leave from, the most first. */
export function pullsByEgress(exposures: readonly Exposure[], ways: EgressInfo): readonly EgressLoad[] {
  const loads = new Map<
    string,
    { kind: EgressLoad["kind"]; workloads: number; pulls: number; one: number }
  >();
  for (const exposure of exposures) {
    if (exposure.anonymousPulls === 0) continue;
    const shares = sharesOf(exposure, ways);
    const parts = shares.reduce((sum, share) => sum + share.parts, 0);
    for (const { address, kind, parts: part, addresses } of shares) {
      const load = loads.get(address) ?? { kind, workloads: 0, pulls: 0, one: 0 };
      const pulls = (exposure.anonymousPulls * part) / parts;
      load.workloads += 1;
      load.pulls += pulls;
      const isOfOneTask = kind === "per-task" && exposure.pulledBy === "task";
      load.one = isOfOneTask
        ? Math.max(load.one, exposure.anonymousPulls / exposure.expectedStarts)
        : load.one + pulls / addresses;
      loads.set(address, load);
    }
  }
  return [...loads]
    .map(([address, { kind, workloads, pulls, one }]) => ({
      address,
      kind,
      workloads,
      pulls: Math.ceil(pulls),
      pullsPerAddress: Math.ceil(one),
    }))
    .toSorted((one, other) => other.pulls - one.pulls || one.address.localeCompare(other.address));
}

/** Where the tasks of a workload go out, evenly over their subnets or machines: ECS spreads them so by default. */
function sharesOf(exposure: Exposure, { ofSubnets, hosts }: EgressInfo): readonly Share[] {
  const { pulledBy, network, cluster } = exposure;
  const ofTasks = (network?.subnets ?? []).map((subnet) =>
    shareOf(
      ofSubnets.get(subnet),
      network?.assignPublicIp ? "a public address of each task's own" : undefined,
    ),
  );
  const ofHosts = (hosts.get(cluster) ?? []).map(({ subnet = "", publicAddress }) =>
    shareOf(
      ofSubnets.get(subnet),
      publicAddress === undefined ? undefined : `a public address of each host's own, cluster ${cluster}`,
    ),
  );
  const known = (pulledBy === "task" ? ofTasks : ofHosts).flatMap((share) => share ?? []);
  if (known.length > 0) return merged(known);
  const who = pulledBy === "task" ? "tasks" : "hosts";
  const address = `the ${who} of the cluster ${cluster}, address not known`;
  return [{ address, kind: "unknown", parts: 1, addresses: 1 }];
}

function merged(shares: readonly Share[]): readonly Share[] {
  return [...Map.groupBy(shares, ({ address }) => address).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const addresses = first.kind === "per-task" ? same.length : first.addresses;
    return [{ ...first, parts: same.length, addresses }];
  });
}

/** @param own what its own public address is called, where it has one */
function shareOf(way: Egress | undefined, own: string | undefined): Share | undefined {
  if (way === undefined) return undefined;
  const share = (address: string, kind: Share["kind"], addresses = 1): Share => ({
    address,
    kind,
    addresses,
    parts: 1,
  });
  switch (way.kind) {
    case "nat": {
      const names = way.addresses.join(", ") || "NAT gateway";
      return share(`${names} (${way.id})`, "nat", Math.max(1, way.addresses.length));
    }
    case "internet-gateway":
      return own === undefined
        ? share("no way out: an internet gateway, and no public address", "none")
        : share(own, "per-task");
    case "other":
      return share(`by ${way.id}, its address is not seen`, "unknown");
    case "none":
      return share("no way out: no default route", "none");
  }
}
