/**
 * Scans of several accounts as one: every workload with its account, an address that accounts share once, and the images to change
 * of all of them.
 *
 * Names are an account's own: two accounts may have a cluster, a service or a repository of the same name.
 */

import type { Exposure } from "./exposure.ts";
import { imageChanges } from "./image-changes.ts";
import { type EgressLoad, pullsByEgress } from "./peak-pulls.ts";
import type { ReadAccount, Scan, ScannedPlace } from "./scan.ts";
import { worstFirst } from "./worst-first.ts";

export type AccountRead = { readonly place: ScannedPlace; readonly read: ReadAccount };

export function joinAccounts(accounts: readonly AccountRead[]): Scan {
  const sum = (of: (read: ReadAccount) => number): number =>
    accounts.reduce((total, { read }) => total + of(read), 0);
  const exposures = accounts
    .flatMap(({ place, read }) => read.exposures.map((exposure): Exposure => ({ ...place, ...exposure })))
    .toSorted(worstFirst);
  const loads = (some: readonly Exposure[]): readonly EgressLoad[] => loadsOf(some, accounts);
  return {
    accounts: accounts.map(({ place }) => place),
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

function nameOf({ account, region }: Pick<ScannedPlace, "account" | "region">): string {
  return `${account} ${region}`;
}

/** What leaves by one gateway counts against one address, whichever account it comes from; of other ways, each account has its own. */
function loadsOf(exposures: readonly Exposure[], accounts: readonly AccountRead[]): readonly EgressLoad[] {
  const all = accounts.flatMap(({ place, read }) =>
    pullsByEgress(
      exposures.filter(({ account, region }) => account === place.account && region === place.region),
      read.ways,
    ).map((load) => (load.kind === "nat" ? load : { ...load, address: `${nameOf(place)}: ${load.address}` })),
  );
  return [...Map.groupBy(all, ({ address }) => address)]
    .map(([address, of]) => ({
      ...{ address, kind: of[0]?.kind ?? "unknown" },
      workloads: of.reduce((total, { workloads }) => total + workloads, 0),
      pulls: of.reduce((total, { pulls }) => total + pulls, 0),
      pullsPerAddress: of.reduce((total, { pullsPerAddress }) => total + pullsPerAddress, 0),
    }))
    .toSorted((one, other) => other.pulls - one.pulls || one.address.localeCompare(other.address));
}
