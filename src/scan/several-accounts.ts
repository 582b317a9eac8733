/**
 * Scans of several accounts, or of accounts and a cluster, as one: every workload with its account, an address that accounts share once, and the images to change
 * of all of them.
 *
 * Names are an account's own: two accounts may have a cluster, a service or a repository of the same name.
 */

import type { Exposure } from "./exposure.ts";
import { imageChanges } from "./image-changes.ts";
import { type EgressLoad, pullsByEgress } from "./peak-pulls.ts";
import type { ReadAccount, Scan, ScannedPlace } from "./scan.ts";
import { worstFirst } from "./worst-first.ts";

export type AccountRead = {
  /** An account's region, or a cluster of Kubernetes by its context. */
  readonly place: ScannedPlace | { readonly kubernetes: string };
  readonly read: ReadAccount;
};

/** @param isMixed a cluster was asked for too, whether or not it could be read: each row says whose it is */
export function joinAccounts(accounts: readonly AccountRead[], isMixed = false): Scan {
  const sum = (of: (read: ReadAccount) => number): number =>
    accounts.reduce((total, { read }) => total + of(read), 0);
  const clusters = accounts.flatMap(({ place }) => ("kubernetes" in place ? [place.kubernetes] : []));
  const platformOf = ({ kind }: Exposure): Pick<Exposure, "platform"> =>
    !isMixed ? {} : { platform: kind === "pod" ? "kubernetes" : "ecs" };
  const exposures = accounts
    .flatMap(({ place, read }) =>
      read.exposures.map(
        (exposure): Exposure => ({
          ...("kubernetes" in place ? {} : place),
          ...platformOf(exposure),
          ...exposure,
        }),
      ),
    )
    .toSorted(worstFirst);
  const loads = (some: readonly Exposure[]): readonly EgressLoad[] => loadsOf(some, accounts);
  return {
    accounts: accounts.flatMap(({ place }) => ("kubernetes" in place ? [] : [place])),
    ...(!isMixed
      ? {}
      : {
          kubernetes: clusters,
          pods: sum(({ pods = 0 }) => pods),
          workloads: sum(({ workloads = 0 }) => workloads),
          slipped: accounts.flatMap(({ read }) => read.slipped ?? []),
        }),
    clusters: sum(({ clusters }) => clusters),
    services: sum(({ services }) => services),
    schedules: sum(({ schedules }) => schedules),
    standaloneTasks: sum(({ standaloneTasks }) => standaloneTasks),
    taskDefinitions: sum(({ taskDefinitions }) => taskDefinitions),
    exposures,
    imageChanges: imageChanges(exposures, loads),
    addresses: loads(exposures),
    gaps: accounts.flatMap(({ place, read }) => read.gaps.map((gap) => `${nameOf(place)}: ${gap}`)),
  };
}

function nameOf(place: AccountRead["place"]): string {
  return "kubernetes" in place ? `cluster ${place.kubernetes}` : `${place.account} ${place.region}`;
}

function isAt(place: AccountRead["place"], { account, region, cluster, kind }: Exposure): boolean {
  if ("kubernetes" in place) return kind === "pod" && cluster === place.kubernetes;
  return account === place.account && region === place.region;
}

/** What leaves by one gateway counts against one address, whichever account it comes from; of other ways, each account has its own. */
function loadsOf(exposures: readonly Exposure[], accounts: readonly AccountRead[]): readonly EgressLoad[] {
  const all = accounts.flatMap(({ place, read }) =>
    pullsByEgress(
      exposures.filter((exposure) => isAt(place, exposure)),
      read.ways,
    ).map((load) => (load.kind === "nat" ? load : { ...load, address: `${nameOf(place)}: ${load.address}` })),
  );
  return [...Map.groupBy(all, ({ address }) => address)]
    .map(([address, of]) => ({
      address,
      kind: of[0]?.kind ?? "unknown",
      workloads: of.reduce((total, { workloads }) => total + workloads, 0),
      pulls: of.reduce((total, { pulls }) => total + pulls, 0),
      pullsPerAddress: of.reduce((total, { pullsPerAddress }) => total + pullsPerAddress, 0),
    }))
    .toSorted((one, other) => other.pulls - one.pulls || one.address.localeCompare(other.address));
}
