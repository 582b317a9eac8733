/** A label that comes while an image is being proved: the pod that waits is not changed any more. */

import { expect, test } from "vitest";
import { createHealer } from "../../src/controller/heal/heal-pods.ts";
import { createMetrics } from "../../src/controller/metrics.ts";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { createSandboxCluster, type SandboxCluster } from "../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { deployment, LIMIT_MESSAGE, pod } from "../support/kubernetes/cluster-objects.ts";
import { manualClock, settle, viewOf } from "../support/kubernetes/controller-world.ts";
import { imageNamed } from "../support/kubernetes/registries-in-memory.ts";
import { readPolicy } from "../support/policy.ts";

const { digest } = imageNamed("nginx");
const OFF = { "repull.dev/mode": "off" };
const web = deployment("web");
const waiting = pod({ name: "web-1", of: "web/1", waits: LIMIT_MESSAGE("nginx:1.27") });

/** One pass, and what happens in the cluster while the registry is asked. */
async function healedDuring(meanwhile: (cluster: SandboxCluster) => void) {
  const cluster = createSandboxCluster();
  cluster.put("namespaces", { metadata: { name: "shop" } });
  cluster.put("deployments", web);
  cluster.put("pods", waiting);
  const clock = manualClock();
  const outcomes: Outcome[] = [];
  const healer = createHealer(
    {
      cluster,
      clock,
      log: silentLog,
      metrics: createMetrics(),
      view: await viewOf(cluster),
      leader: { isLeading: () => true },
      prover: {
        forget() {},
        async prove() {
          meanwhile(cluster);
          clock.advance(30_000);
          await settle();
          const use = `public.ecr.aws/docker/library/nginx@${digest}`;
          const usable = [{ use, proof: "same-index" as const, isSimulated: false }];
          return {
            usable,
            codes: [],
            isPassing: false,
            trusted: { digest, from: "origin", askedAt: "2026-11-29T08:00:00Z" },
          };
        },
      },
      gates: { closed: async () => undefined },
      tellOwner: async () => {},
      publish: async (outcome) => void outcomes.push(outcome),
    },
    { policy: () => readPolicy({}), mode: "remediate", namespace: "repull" },
  );
  await healer.pass();
  return {
    isPatched: cluster.requests.some(({ verb }) => verb === "patch"),
    outcomes: outcomes.map(({ reason }) => reason),
  };
}

// biome-ignore format: a table is read by its columns
const table: readonly (readonly [what: string, meanwhile: (cluster: SandboxCluster) => void, isPatched: boolean])[] = [
  ["nothing",          () => {},                                                                                                     true],
  ["its Deployment",   (cluster) => cluster.put("deployments", { ...web, metadata: { ...web.metadata, labels: OFF } }),              false],
  ["its namespace",    (cluster) => cluster.put("namespaces", { metadata: { name: "shop", labels: OFF } }),                          false],
  ["the pod",          (cluster) => cluster.put("pods", { ...waiting, metadata: { ...waiting.metadata, labels: { ...waiting.metadata.labels, ...OFF } } }), false],
];
for (const [what, meanwhile, isPatched] of table)
  test(`a pod is ${isPatched ? "" : "not "}patched where ${what} gets the label off while its image is proved`, async () => {
    expect(await healedDuring(meanwhile)).toEqual({ isPatched, outcomes: isPatched ? [] : ["opted-out"] });
  });
