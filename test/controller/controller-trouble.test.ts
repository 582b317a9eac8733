/** What a controller says that can do nothing, because the API server refuses what it reads or its Lease. */

import { setImmediate as nextRound } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { ClusterError } from "../../src/cluster/cluster-error.ts";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { createController } from "../../src/controller/create-controller.ts";
import { runController } from "../../src/controller/run-controller.ts";
import { type LogFields, silentLog } from "../../src/runtime/log.ts";
import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { registriesInMemory } from "../support/kubernetes/registries-in-memory.ts";
import { readPolicy } from "../support/policy.ts";

const refusal = (kind: string) => new ClusterError(403, "Forbidden", `${kind} is forbidden`);
const UNREACHABLE = new ClusterError(0, "Unreachable", "connect ECONNREFUSED");

/** A controller over a cluster that refuses some kinds for now. */
async function controllerOver(
  refused: Set<string>,
  work: (turn: () => Promise<void>) => Promise<void>,
  cluster = createSandboxCluster(),
  errorOf: (kind: string) => ClusterError = refusal,
) {
  cluster.put("namespaces", { metadata: { name: "repull" } });
  const follow = async function* (kind: string, ...rest: unknown[]) {
    if (refused.has(kind)) yield { type: "interrupted", error: errorOf(kind) };
    else yield* Reflect.apply(cluster.follow, cluster, [kind, ...rest]);
  };
  const get = async (kind: string, ...rest: unknown[]) => {
    if (refused.has(kind)) throw errorOf(kind);
    return await Reflect.apply(cluster.get, cluster, [kind, ...rest]);
  };
  const port = { ...cluster, follow, get } as unknown as ClusterPort;
  const stop = new AbortController();
  let now = Date.parse("2026-11-29T08:00:00Z");
  const sleep = async (milliseconds: number) => {
    now += milliseconds;
    await nextRound();
  };
  const clock = { now: () => now, sleep, after: () => () => {} };
  const warned: unknown[] = [];
  const warn = (_: string, ...[fields]: LogFields[]) => {
    if (fields?.kinds !== undefined) warned.push(fields.kinds);
  };
  const environment = async () => ({ registries: registriesInMemory(), clock });
  const parts = createController(
    { cluster: port, environment, publish: async () => {}, clock, log: { ...silentLog, warn } },
    { namespace: "repull", mode: "observe", policy: () => readPolicy({}), identity: "one" },
    stop.signal,
  );
  const ended = runController(parts, stop.signal);
  await work(async () => {
    for (let round = 0; round < 50; round++) await nextRound();
  });
  stop.abort();
  await ended;
  return { warned, isLeading: parts.leader.isLeading() };
}

describe("a controller that can do nothing", () => {
  for (const kind of ["leases", "pods"])
    test(`a controller that may not read ${kind} logs the refusal once`, async () => {
      const { warned } = await controllerOver(new Set([kind]), (turn) => turn());
      expect(warned).toEqual([[kind]]);
    });

  test("a refusal that ends and comes back is logged twice", async () => {
    const refused = new Set(["leases"]);
    const { warned } = await controllerOver(refused, async (turn) => {
      await turn();
      refused.clear();
      await turn();
      refused.add("leases");
      await turn();
    });
    expect(warned).toEqual([["leases"], ["leases"]]);
  });

  test("a controller that waits for another leader logs no refusal", async () => {
    const cluster = createSandboxCluster();
    const other = { holderIdentity: "two", leaseDurationSeconds: 1e9 };
    cluster.put("leases", { metadata: { name: "repull", namespace: "repull" }, spec: other });
    const { warned, isLeading } = await controllerOver(new Set(), (turn) => turn(), cluster);
    expect([warned, isLeading]).toEqual([[], false]);
  });

  test("an API server that does not answer is logged once for all kinds", async () => {
    const all = new Set(["leases", "pods", "nodes"]);
    const cluster = createSandboxCluster();
    const { warned } = await controllerOver(
      all,
      (turn) => turn(),
      cluster,
      () => UNREACHABLE,
    );
    expect(warned).toEqual([["leases", "pods", "nodes"]]);
  });
});
