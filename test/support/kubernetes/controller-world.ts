/** A cluster in memory, registries in memory and a controller of the index between them; time passes when a test says so. */

import { setImmediate as nextRound } from "node:timers/promises";
import { afterEach } from "vitest";
import { type ClusterView, followCluster } from "../../../src/controller/cluster-view.ts";
import { createEvents } from "../../../src/controller/events.ts";
import { createHeadLedger } from "../../../src/controller/head-ledger.ts";
import { createIndexObjects } from "../../../src/controller/index-objects.ts";
import { createIndexKeeper } from "../../../src/controller/keep-index.ts";
import { createLeader } from "../../../src/controller/leader.ts";
import { createLeaderState } from "../../../src/controller/leader-state.ts";
import { createMetrics } from "../../../src/controller/metrics.ts";
import { type IndexRow, readRows } from "../../../src/kubernetes/image-index.ts";
import type { Clock, Timer } from "../../../src/runtime/clock.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import {
  createSandboxCluster,
  type SandboxCluster,
} from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";
import type { BuiltImage } from "../../../src/sandbox/registry/image-builder.ts";
import { readPolicy } from "../policy.ts";
import { node } from "./cluster-objects.ts";
import { registriesInMemory } from "./registries-in-memory.ts";

export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** A clock that a sleep moves on at once. */
export function manualClock(
  start = Date.parse("2026-11-29T08:00:00Z"),
): Clock & Timer & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    after: () => () => {},
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}

const stops = new Set<AbortController>();
afterEach(() => {
  for (const stop of stops) stop.abort();
  stops.clear();
});

/** The view of a cluster; what has been reported by now is in it. */
export async function viewOf(cluster: SandboxCluster): Promise<ClusterView> {
  const stop = new AbortController();
  stops.add(stop);
  const view = followCluster(cluster, stop.signal);
  await settle();
  return view;
}

/** Lets what is under way go on until it waits for a change. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) await nextRound();
}

export type WorldGiven = {
  readonly holds?: Readonly<Record<string, BuiltImage>>;
  readonly policy?: object;
  readonly nodes?: readonly string[];
  readonly allowedRegistries?: readonly string[];
  readonly cluster?: SandboxCluster;
};

export async function controllerWorld(given: WorldGiven = {}) {
  const clock = manualClock();
  const cluster = given.cluster ?? createSandboxCluster();
  for (const name of given.nodes ?? ["a"]) cluster.put("nodes", node(name));
  for (const name of ["repull", "shop", "kube-system"]) cluster.put("namespaces", { metadata: { name } });
  const registries = registriesInMemory(given.holds);
  const world = {
    clock,
    cluster,
    registries,
    policy: readPolicy({ kubernetes: { reachableRegistries: ["public.ecr.aws"] }, ...given.policy }),
    /** The rows that the cluster has. */
    rows: (): ReadonlyMap<string, IndexRow> => readRows(cluster.all("imageindexes")),
    row: (image = "nginx:1.27"): IndexRow | undefined => world.rows().get(image),
    eventReasons: () =>
      cluster.all("events").map(({ reason, regarding }) => `${reason} ${regarding?.kind}/${regarding?.name}`),
    /** Another process over the same cluster. */
    controller: async (identity = "one") => {
      const view = await viewOf(cluster);
      const leader = createLeader(cluster, { name: "repull", namespace: "repull", identity, clock });
      const state = createLeaderState(cluster, "repull");
      const ledger = createHeadLedger(state, {
        clock,
        perHour: () => world.policy.kubernetes.requestsPerHour,
      });
      const metrics = createMetrics();
      const tellOwner = createEvents(cluster, { clock, log: silentLog, identity });
      const environment = async () => ({ registries, clock });
      const keeper = createIndexKeeper(
        {
          view,
          objects: createIndexObjects(cluster),
          ledger,
          leader,
          state,
          environment,
          tellOwner,
          metrics,
          clock,
          log: silentLog,
        },
        { policy: () => world.policy, allowedRegistries: given.allowedRegistries, identity },
      );
      const pass = async (): Promise<void> => {
        await settle();
        await leader.campaign();
        await keeper.pass();
      };
      return { view, leader, state, ledger, metrics, keeper, tellOwner, environment, pass };
    },
    /** A controller that leads and has made one pass. */
    start: async () => {
      const controller = await world.controller();
      await controller.leader.campaign();
      await controller.keeper.begin();
      await controller.pass();
      return controller;
    },
  };
  return world;
}
