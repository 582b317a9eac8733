/**
 * `npm run bench -- heal [--rounds N] [--json]`: how long 200 waiting pods of 40 workloads take to run. Needs `.cache/kube`.
 *
 * A real control plane with kwok's kubelets, eight images that Docker Hub refuses and ECR Public has; registries are in memory,
 * so that their time is not in the figures. Each round begins with a controller that has never run.
 */

import { availableParallelism, cpus, loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { ClusterPort } from "../../src/cluster/cluster-port.ts";
import { openCluster } from "../../src/cluster/open-cluster.ts";
import { createController } from "../../src/controller/create-controller.ts";
import { runController } from "../../src/controller/run-controller.ts";
import { imageIndexCrd } from "../../src/kubernetes/policies/image-index-crd.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { startControlPlane } from "../../test/support/kube/control-plane.ts";
import { addNodes } from "../../test/support/kube/nodes.ts";
import { STORM_PODS, stormImages, stormWorkloads } from "../../test/support/kube/stuck-storm.ts";
import { registriesInMemory } from "../../test/support/kubernetes/registries-in-memory.ts";
import { readPolicy } from "../../test/support/policy.ts";

type Round = {
  /** Since the controller's start: the Lease is ours, the first pod is changed, the last one is, all run. */
  readonly leads: number;
  readonly firstPatch: number;
  readonly lastPatch: number;
  readonly running: number;
  readonly sameUids: boolean;
  /** HEADs at Docker Hub: at most two for an image, of the index and of the healer. */
  readonly heads: number;
};

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { rounds: { type: "string", default: "3" }, json: { type: "boolean", default: false } },
});
const tell = (text: string): void => void process.stderr.write(text);
const plane = await startControlPlane({ controllers: true, kwok: true });
const rounds: Round[] = [];
try {
  await addNodes(plane, ["n1", "n2", "n3"]);
  await plane.kubectl.apply(imageIndexCrd());
  await plane.kubectl(["create", "namespace", "repull"]);
  await plane.kubectl.apply({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "repull-writes", namespace: "repull" },
    data: { writes: "allowed" },
  });
  for (let number = 1; number <= Number(values.rounds); number++) {
    tell(`round ${number} …\n`);
    rounds.push(await round(`shop-${number}`));
  }
} finally {
  await plane.stop();
}
if (values.json) console.log(JSON.stringify({ about: about(), rounds }, null, 2));
else console.log(table());

async function round(namespace: string): Promise<Round> {
  const cluster = openCluster({ from: "kubeconfig", files: [plane.kubeconfig] }, systemClock);
  const patches: number[] = [];
  const timed: ClusterPort = {
    ...cluster,
    patch: async (...asked) => {
      const patched = await cluster.patch(...asked);
      patches.push(systemClock.now());
      return patched;
    },
  };
  const podsOf = () => cluster.list("pods", { namespace });
  await plane.kubectl(["create", "namespace", namespace]);
  await plane.kubectl.apply({ apiVersion: "v1", kind: "List", items: stormWorkloads(namespace) });
  const isWaiting = (pod: Awaited<ReturnType<typeof podsOf>>[number]) =>
    pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === "ImagePullBackOff";
  await until(async () => (await podsOf()).filter(isWaiting).length === STORM_PODS);
  const before = await podsOf();
  const stop = new AbortController();
  const registries = registriesInMemory(stormImages());
  const policy = readPolicy({
    scope: { namespaces: { include: [namespace] } },
    kubernetes: { reachableRegistries: ["public.ecr.aws"] },
  });
  const began = systemClock.now();
  const parts = createController(
    {
      cluster: timed,
      clock: systemClock,
      log: silentLog,
      environment: async () => ({ registries, clock: systemClock }),
      publish: async () => {},
    },
    { namespace: "repull", mode: "remediate" as const, policy: () => policy, identity: namespace },
    stop.signal,
  );
  const ended = runController(parts, stop.signal);
  const leads = await until(async () => parts.leader.isLeading(), 20);
  const isDone = (phase = "") => ["Running", "Succeeded"].includes(phase);
  await until(async () => (await podsOf()).every(({ status }) => isDone(status?.phase)), 100);
  const running = systemClock.now() - began;
  const after = await podsOf();
  stop.abort();
  await ended;
  cluster.close();
  await plane.kubectl(["delete", "namespace", namespace, "--wait=false"]);
  const uids = (pods: typeof after) => JSON.stringify(pods.map(({ metadata }) => metadata.uid).toSorted());
  return {
    leads: leads - began,
    firstPatch: Math.min(...patches) - began,
    lastPatch: Math.max(...patches) - began,
    running,
    sameUids: uids(before) === uids(after),
    heads: registries.heads.get("docker.io") ?? 0,
  };
}

async function until(holds: () => Promise<boolean>, every = 250): Promise<number> {
  for (let left = 1000; left > 0; left--) {
    if (await holds()) return systemClock.now();
    await delay(every);
  }
  throw new Error("it did not come to hold");
}

function about(): object {
  const [processor] = cpus();
  return {
    processor: processor?.model,
    cores: availableParallelism(),
    load: Math.round(loadavg()[0] ?? 0),
    node: process.version,
    at: new Date(systemClock.now()).toISOString().slice(0, 10),
  };
}

function table(): string {
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
  const rows = rounds.map(
    ({ leads, firstPatch, lastPatch, running, sameUids, heads }, at) =>
      `| ${at + 1} | ${seconds(leads)} | ${seconds(firstPatch)} | ${seconds(lastPatch)} | ${seconds(running)} | ${sameUids ? "yes" : "NO"} | ${heads} |`,
  );
  return [
    `${STORM_PODS} waiting pods of 40 workloads, seconds since the controller's start. ${JSON.stringify(about())}`,
    "",
    "| Round | leads | first patch | last patch | all run | same UIDs | HEADs at Docker Hub |",
    "|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}
