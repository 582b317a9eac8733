/** undo where pods are of Jobs of a CronJob: what is labelled, and that the Job that it proposes is left as it is written. */

import { expect, test } from "vitest";
import { clusterSession } from "../../../src/cli/account/cluster/cluster-session.ts";
import { undoWorkload } from "../../../src/cli/commands/kubernetes/undo-workload.ts";
import { modeOfWorkload } from "../../../src/kubernetes/workload-modes.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { pod } from "../../support/kubernetes/cluster-objects.ts";
import { manualClock } from "../../support/kubernetes/controller-world.ts";
import { NGINX, shopCluster, USE } from "../../support/kubernetes/shop-cluster.ts";

const annotations = {
  "image.repull.dev/web": `nginx:1.27 ${NGINX.digest} same-index origin 2026-11-29T07:10:00.000Z`,
};

/** A Job of the CronJob `report`, with a pod that has a substitute. */
function withJob(job: string) {
  const cluster = shopCluster();
  const ownerReferences = [
    { apiVersion: "batch/v1", kind: "CronJob", name: "report", uid: "c", controller: true },
  ];
  cluster.put("jobs", {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: job, namespace: "shop", ownerReferences },
    spec: { template: { spec: { containers: [{ name: "web", image: "nginx:1.27" }] } } },
  } as never);
  const owner = { apiVersion: "batch/v1", kind: "Job", name: job };
  cluster.put("pods", pod({ name: `${job}-x`, owner, image: USE, runs: NGINX.digest, annotations }));
  return cluster;
}

type Cluster = ReturnType<typeof withJob>;

/** As the leader writes it, into each object but those that it has not come to yet. */
function tell(cluster: Cluster, ...objects: readonly string[]): void {
  for (const one of cluster.all("imageindexes"))
    if (objects.includes(one.metadata.name ?? ""))
      cluster.put("imageindexes", {
        ...one,
        spec: { rows: one.spec.rows, modes: { "shop/CronJob/report": "off" } },
      } as never);
}

async function undo(cluster: Cluster, name: string, yes = true) {
  const io = commandIo();
  const session = await clusterSession(
    cluster,
    { kubeContext: "blue", namespace: "repull" },
    io,
    manualClock(),
  );
  const status = await undoWorkload({ name, json: true, yes }, session, io);
  return { status, said: objectsIn(io.printed.out)[0] };
}

for (const job of ["report-29400480", "report-by-hand"])
  test(`undo of a CronJob labels it where the pods of its Job ${job} have a substitute`, async () => {
    const cluster = withJob(job);
    tell(cluster, "repull-0");
    const { status, said } = await undo(cluster, "shop/CronJob/report");
    expect([status, said?.labelled, cluster.all("cronjobs")[0]?.metadata.labels]).toEqual([
      0,
      "cronjob report",
      { "repull.dev/mode": "off" },
    ]);
  });

test("undo of a CronJob proposes a Job by whose name admission knows the CronJob", async () => {
  const { said } = await undo(withJob("report-29400480"), "shop/CronJob/report", false);
  const [command = ""] = (said?.commands ?? []) as string[];
  const name = command.split(" ").at(-1) ?? "";
  const modes = new Map([["shop/CronJob/report", "off" as const]]);
  expect(modeOfWorkload(modes, "shop", { kind: "Job", name })).toBe("off");
});

test("undo of a Job of a CronJob says that the next Jobs are the CronJob's", async () => {
  const { said } = await undo(withJob("report-29400480"), "shop/Job/report-29400480", false);
  expect(said?.commands).toEqual([
    "repull undo shop/CronJob/report --yes --kube-context blue",
    expect.stringMatching(/^kubectl -n shop create job --from=cronjob\/report report-\d+$/),
  ]);
});

test("undo is not finished while one object of the index does not name the workload", async () => {
  const cluster = withJob("report-29400480");
  cluster.put("imageindexes", {
    metadata: { name: "repull-1", labels: { "repull.dev/index": "images" } },
    spec: { rows: {} },
  } as never);
  tell(cluster, "repull-0");
  const { status, said } = await undo(cluster, "shop/CronJob/report");
  expect([status, said?.admission]).toEqual([5, "not-told"]);
});
