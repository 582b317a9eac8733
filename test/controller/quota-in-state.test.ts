/** The quotas in a cluster's ConfigMap: the contract of the stack's table, with two writers, and what a bad value grants. */

import { expect, test } from "vitest";
import { createQuotaInState } from "../../src/controller/heal/quota-in-state.ts";
import { createLeaderState } from "../../src/controller/leader-state.ts";
import type { QuotaStore } from "../../src/remediation/ports/quota-store.ts";
import { createSandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { describeCapsContract } from "../contracts/quotas-contract.ts";

const clusterOf = () => {
  const cluster = createSandboxCluster();
  cluster.put("namespaces", { metadata: { name: "repull" } });
  return cluster;
};

/** Two processes, one after the other: each has read before the other wrote. */
function twoWriters(): QuotaStore {
  const cluster = clusterOf();
  const [one, two] = [1, 2].map(() => createQuotaInState(createLeaderState(cluster, "repull")));
  let asked = 0;
  const next = () => (asked++ % 2 === 0 ? one : two) as QuotaStore;
  return {
    acquire: (request) => next().acquire(request),
    claimNotification: (window, claimant) => next().claimNotification(window, claimant),
    used: (window) => next().used(window),
  };
}

describeCapsContract("the leader's ConfigMap", async () =>
  createQuotaInState(createLeaderState(clusterOf(), "repull")),
);
describeCapsContract("the ConfigMap of two writers", async () => twoWriters());

const period = { name: "bytesPerDay 2026-11-29", endsAt: Date.parse("2026-11-30T00:00:00Z") };

test("a writer that meets a conflict reads again, and never grants what another has taken", async () => {
  const cluster = clusterOf();
  const [one, two] = [1, 2].map(() => createQuotaInState(createLeaderState(cluster, "repull"))) as [
    QuotaStore,
    QuotaStore,
  ];
  await one.acquire({ period, requester: "a", amount: 60, max: 100 });
  await two.used(period);
  await one.acquire({ period, requester: "b", amount: 30, max: 100 });
  expect(await two.acquire({ period, requester: "c", amount: 20, max: 100 })).toEqual({
    kind: "reached",
    used: 90,
  });
  expect(await two.acquire({ period, requester: "d", amount: 10, max: 100 })).toEqual({ kind: "granted" });
});

test("a value that is not ours grants nothing", async () => {
  const cluster = clusterOf();
  cluster.put("configmaps", {
    metadata: { namespace: "repull", name: "repull-state" },
    data: { quotas: "not JSON" },
  } as never);
  const store = createQuotaInState(createLeaderState(cluster, "repull"));
  await expect(store.acquire({ period, requester: "a", amount: 1, max: 100 })).rejects.toThrow(SyntaxError);
});
